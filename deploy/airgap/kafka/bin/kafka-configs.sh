#!/bin/sh
KAFKA_HEAP_OPTS=-Xmx256M exec /opt/kafka/bin/kafka-run-class.sh -Dlog4j2.configurationFile=/etc/kafka/docker/tools-log4j2.yaml kafka.admin.ConfigCommand "$@"

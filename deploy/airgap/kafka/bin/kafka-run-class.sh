#!/bin/sh
# Runs one of Kafka's classes: [-Dname=value]... CLASS [ARGUMENT]...
# shellcheck disable=SC2086
exec java ${KAFKA_HEAP_OPTS:--Xmx256M} -XX:+UseG1GC -XX:+ExitOnOutOfMemoryError \
    -Djava.awt.headless=true -Dkafka.logs.dir=/opt/kafka/logs ${KAFKA_OPTS:-} \
    -cp "/opt/kafka/libs/*" "$@"

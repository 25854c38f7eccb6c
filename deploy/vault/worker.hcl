# What a worker may do in Vault, or OpenBao: open what is sealed, and see which keys there are.
#
#   vault policy write glasshouse-worker deploy/vault/worker.hcl
#
# `trace` and `keys pseudonym` need the same. Paths are those of the mount `glasshouse`.

path "glasshouse/decrypt/*" {
  capabilities = ["update"]
}

# A key that is there and not in the key file: the file is old, and the worker does not go by it.
path "glasshouse/keys" {
  capabilities = ["list"]
}

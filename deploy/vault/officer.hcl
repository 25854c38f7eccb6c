# What the key officer may do in Vault, or OpenBao: make keys, seal with them, renew and delete them.
# Nothing here opens what is sealed, and no key can be read or exported.
#
#   vault policy write glasshouse-officer deploy/vault/officer.hcl

path "glasshouse/keys" {
  capabilities = ["list"]
}

path "glasshouse/keys/+" {
  capabilities = ["create", "update", "read", "delete"]

  # A key that could be exported, or backed up in the clear, could not be destroyed.
  denied_parameters = {
    "exportable"             = []
    "allow_plaintext_backup" = []
    "derived"                = []
  }
}

path "glasshouse/keys/+/config" {
  capabilities = ["update"]
  allowed_parameters = {
    "deletion_allowed"       = []
    "min_decryption_version" = []
  }
}

path "glasshouse/keys/+/rotate" {
  capabilities = ["update"]
}

path "glasshouse/encrypt/+" {
  capabilities = ["update"]
}

path "glasshouse/rewrap/+" {
  capabilities = ["update"]
}

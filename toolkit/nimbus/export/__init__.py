"""Export: the published dataset as one file or one database table, whole or not at all."""

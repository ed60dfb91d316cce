"""A plugin project as its author wrote it down: hgw.yaml, config.yaml, go.mod."""

"""A plugin project as its files describe it: hgw.yaml, config.yaml and go.mod."""

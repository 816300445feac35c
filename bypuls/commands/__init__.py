"""The command's groups that are larger than a few lines; `bypuls.cli` puts them together."""

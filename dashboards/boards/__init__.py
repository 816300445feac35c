"""Boards, one public module each, found by `bypuls.plugins.discover` as `board`; no list is kept."""

"""How pages look: templates, graphs, maps, colours."""

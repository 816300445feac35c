"""The built-in control room: a page that draws the same boards as Grafana, and the server half that answers it."""

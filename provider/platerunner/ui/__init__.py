"""The app behind the plugin's pages."""

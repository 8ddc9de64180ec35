"""molmach for agents of others: an MCP server over resumable folders, within one folder and within limits."""

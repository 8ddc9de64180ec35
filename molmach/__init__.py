"""molmach."""

from __future__ import annotations
def explanation(*a): return ""

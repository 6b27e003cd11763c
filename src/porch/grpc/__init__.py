"""GRPC: what calls need beyond HTTP."""

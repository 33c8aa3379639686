"""What `strop review` says, one file a format. All are written from one value, `result.Review`."""

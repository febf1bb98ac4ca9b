function startLineage() {}

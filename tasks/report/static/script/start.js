startSearch();
startPanelsWhenNear();
startFilling();
for (const table of document.querySelectorAll(".sortable")) startSortable(table);
startComparisonsWhenNear();
for (const svg of document.querySelectorAll(".lineage svg")) startLineage(svg);
for (const table of document.querySelectorAll("table.nodes")) startMadeFrom(table);
startPrinting();
returnToPlace();

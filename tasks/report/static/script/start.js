startSearch();
startPanelsWhenNear();
startFilling();
for (const svg of document.querySelectorAll(".lineage svg")) startLineage(svg);
startPrinting();

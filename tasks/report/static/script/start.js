for (const button of document.querySelectorAll("button.play")) startAnimation(button);
startPanelsWhenNear();
startSearch();
startLineage();
startPrinting();

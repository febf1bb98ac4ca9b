// Play data that stand in files of their own. Each is a script that calls darkroom.play, and is
// heard only while it runs as the script that was asked for on behalf of that panel.
const playFilesAskedFor = new Map();

function playFile(figure, address) {
  return new Promise((resolve, reject) => {
    const script = make("script", { src: address });
    const failed = () => reject(new Error(`${address} is missing or not of this panel`));
    script.addEventListener("error", failed);
    // By then it has called, and failing changes nothing; else it never will.
    script.addEventListener("load", failed);
    playFilesAskedFor.set(script, { anchor: figure.id, resolve });
    document.head.append(script);
  });
}

window.darkroom = Object.freeze({
  play(anchor, text) {
    const asked = playFilesAskedFor.get(document.currentScript);
    if (asked?.anchor !== anchor) throw new Error(`Nobody asked this file for ${anchor}.`);
    playFilesAskedFor.delete(document.currentScript);
    asked.resolve(JSON.parse(text));
  },
});

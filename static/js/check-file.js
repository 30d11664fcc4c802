/* Hashes a chosen file on this computer and puts its digest into the form; nothing of the file is sent. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-check-file]");
  if (!form || !window.holdfastSha256) return;
  const chooser = form.querySelector("[data-check-chooser]");
  const input = chooser.querySelector("input[type=file]");
  const bar = chooser.querySelector("progress");
  const text = chooser.querySelector("[data-check-text]");
  const cancel = chooser.querySelector("[data-check-cancel]");
  const digest = form.querySelector("input[name=sha256]");
  const PIECE = 4 * 1024 * 1024;
  let turn = 0;

  async function hash(file, mine) {
    const state = window.holdfastSha256();
    for (let at = 0; at < file.size; at += PIECE) {
      const piece = await file.slice(at, Math.min(at + PIECE, file.size)).arrayBuffer();
      if (mine !== turn) return null;
      state.update(new Uint8Array(piece));
      bar.value = Math.floor((Math.min(at + PIECE, file.size) * 100) / file.size);
      text.textContent = `${form.dataset.hashing} ${bar.value} %`;
    }
    return state.hex();
  }

  input.addEventListener("change", async () => {
    turn += 1;
    const mine = turn;
    const file = input.files[0];
    digest.value = "";
    if (!file) return;
    bar.hidden = false;
    cancel.hidden = false;
    bar.value = 0;
    try {
      const found = await hash(file, mine);
      if (found === null) return;
      digest.value = found;
      text.textContent = "";
      form.requestSubmit();
    } catch {
      if (mine === turn) text.textContent = form.dataset.unreadable;
    } finally {
      if (mine === turn) { bar.hidden = true; cancel.hidden = true; }
    }
  });

  cancel.addEventListener("click", () => {
    turn += 1;
    bar.hidden = true;
    cancel.hidden = true;
    input.value = "";
    text.textContent = form.dataset.cancelled;
  });

  chooser.hidden = false;
})();

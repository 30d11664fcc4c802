/* Sends a form's file part by part before the form itself goes: with progress, pausable, resumable after a cut. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-upload]");
  const input = form?.querySelector("input[type=file]");
  if (!form || !input || !window.fetch) return;
  const state = form.querySelector("[data-upload-state]");
  const bar = state.querySelector("progress");
  const text = state.querySelector("[data-upload-text]");
  const pause = state.querySelector("[data-upload-pause]");
  const resume = state.querySelector("[data-upload-resume]");
  const token = form.querySelector("input[name=upload]");
  const csrf = form.querySelector("input[name=csrfmiddlewaretoken]").value;
  const part = Number(form.dataset.part);
  let paused = false;
  let sent = null;

  const say = (words) => { text.textContent = words; };
  const key = (file) => `upload:${form.dataset.upload}:${file.name}:${file.size}:${file.lastModified}`;
  const remember = (file, to) => { try { sessionStorage.setItem(key(file), to); localStorage.setItem(key(file), to); } catch { /* it then begins anew */ } };
  const remembered = (file) => { try { return localStorage.getItem(key(file)) || sessionStorage.getItem(key(file)); } catch { return null; } };
  const forget = (file) => { try { localStorage.removeItem(key(file)); sessionStorage.removeItem(key(file)); } catch { /* nothing to forget */ } };

  class Refused extends Error {}

  async function answered(response) {
    const kind = response.headers.get("Content-Type") || "";
    return kind.startsWith("application/json") ? response.json() : {};
  }

  // Where the file goes and how much of it is there: an earlier try of the same file, or a new one.
  async function begin(file) {
    const before = remembered(file);
    if (before) {
      const response = await fetch(before, { credentials: "same-origin", redirect: "error" });
      if (response.ok) {
        const found = await answered(response);
        if (found.size === file.size) {
          if (found.received) say(form.dataset.resumed);
          return { to: before, received: found.received };
        }
      }
      forget(file);
    }
    const body = new FormData();
    body.set("filename", file.name);
    body.set("size", String(file.size));
    const response = await fetch(form.dataset.upload, {
      method: "POST", body, credentials: "same-origin", redirect: "error", headers: { "X-CSRFToken": csrf },
    });
    const made = await answered(response);
    if (response.status !== 201) throw new Refused(made.reason || String(response.status));
    remember(file, made.to);
    return { to: made.to, received: 0 };
  }

  async function send(file) {
    const place = await begin(file);
    let received = place.received;
    while (received < file.size) {
      if (paused) return null;
      const response = await fetch(place.to, {
        method: "PUT",
        body: file.slice(received, Math.min(received + part, file.size)),
        credentials: "same-origin",
        redirect: "error",
        headers: { "X-CSRFToken": csrf, "Upload-Offset": String(received), "Content-Type": "application/octet-stream" },
      });
      const said = await answered(response);
      if (response.ok || response.status === 409) {
        if (typeof said.received !== "number") throw new Refused(String(response.status));
        received = said.received;
      } else {
        throw new Refused(said.reason || String(response.status));
      }
      bar.value = Math.floor((received * 100) / file.size);
      say(`${form.dataset.sending} ${bar.value} %`);
    }
    return place.to;
  }

  async function run() {
    const file = input.files[0];
    state.hidden = false;
    paused = false;
    pause.hidden = false;
    resume.hidden = true;
    try {
      const to = await send(file);
      if (to === null) {
        say(form.dataset.paused);
        pause.hidden = true;
        resume.hidden = false;
        return;
      }
      sent = file;
      say(form.dataset.arrived);
      token.value = to.split("/").filter(Boolean).pop();
      forget(file);
      input.disabled = true;
      form.submit();
    } catch (error) {
      say(error instanceof Refused ? error.message : form.dataset.broken);
      pause.hidden = true;
      resume.hidden = false;
    }
  }

  pause.addEventListener("click", () => { paused = true; });
  resume.addEventListener("click", run);
  form.addEventListener("submit", (event) => {
    const file = input.files[0];
    if (!file || file === sent) return;
    event.preventDefault();
    run();
  });
  // A page that comes back from the browser's own store has its file input usable again.
  window.addEventListener("pageshow", () => { input.disabled = false; });
})();

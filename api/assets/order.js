// Keeps the choices of a new deployment fresh: another template, version, mode, region or type asks for the form again and
// exchanges what depends on it. The form is whole without it, with a button that does the same.
(() => {
  "use strict";

  const form = document.getElementById("order");
  const button = document.getElementById("look-again");
  if (!form || !button) return;
  button.hidden = true;

  let asked = 0;

  const look = async () => {
    const mine = ++asked;
    const given = new URLSearchParams(new FormData(form));
    given.delete("key");
    const answer = await fetch(`/deployments/new?${given}`, {
      cache: "no-store",
      credentials: "same-origin",
      headers: { accept: "text/html" },
      signal: AbortSignal.timeout(10000),
    });
    if (!answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const select of form.querySelectorAll("select")) {
      const fresh = page.querySelector(`#order select[name="${select.name}"]`);
      if (fresh && select !== document.activeElement) {
        select.replaceChildren(...[...fresh.children].map((one) => document.importNode(one, true)));
      }
    }
    const fresh = page.getElementById("takes");
    const old = document.getElementById("takes");
    if (fresh && old) old.replaceChildren(...[...fresh.childNodes].map((one) => document.importNode(one, true)));
  };

  form.addEventListener("change", (event) => {
    if (event.target.hasAttribute("data-leads")) look().catch(() => {});
  });
})();

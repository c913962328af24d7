// Keeps the choices of a new deployment fresh: another version, mode, region or type asks for the form again and exchanges
// what depends on it; another template is another form. What a person chose is never taken back. The form is whole without
// this, with a button that does the same.
(() => {
  "use strict";

  const form = document.getElementById("order");
  const button = document.getElementById("look-again");
  const said = document.getElementById("order-said");
  if (!form || !button || !said) return;
  button.hidden = true;

  let asked = 0;

  // The remedy comes back with the reason.
  const fail = (why) => {
    said.textContent = why;
    said.hidden = false;
    button.hidden = false;
  };

  const exchange = (select, fresh) => {
    const chosen = select.value;
    const options = [...fresh.children].map((one) => document.importNode(one, true));
    const kept = options.find((option) => option.value === chosen);
    select.replaceChildren(...options);
    if (kept) select.value = chosen;
  };

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
    if (mine !== asked) return;
    if (new URL(answer.url).pathname === "/login") {
      fail("Your session is over: sign in in another tab, then go on here.");
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("takes");
    if (!answer.ok || !fresh || mine !== asked) throw new Error(`status ${answer.status}`);
    for (const select of form.querySelectorAll("select")) {
      const same = page.querySelector(`#order select[name="${select.name}"]`);
      if (same) exchange(select, same);
    }
    const takes = document.getElementById("takes");
    takes.replaceChildren(...[...fresh.childNodes].map((one) => document.importNode(one, true)));
    said.hidden = true;
    button.hidden = true;
  };

  form.addEventListener("change", (event) => {
    if (event.target.name === "template") {
      form.requestSubmit(button);
    } else if (event.target.hasAttribute("data-leads")) {
      look().catch(() => fail("What this template and region offer could not be asked for."));
    }
  });
})();

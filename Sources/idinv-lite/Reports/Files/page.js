(() => {
  "use strict";
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
  document.documentElement.classList.add("js");

  // Pictures that appear twice are stored once; the second place gets its source from the first,
  // on large pages when it comes into view.
  const fill = image => {
    const source = document.getElementById(image.dataset.of);
    if (source) image.src = source.src;
    image.removeAttribute("data-of");
  };
  const copies = all("img[data-of]");
  if (copies.length > 100 && "IntersectionObserver" in window) {
    const watcher = new IntersectionObserver(entries => entries.forEach(entry => {
      if (!entry.isIntersecting) return;
      watcher.unobserve(entry.target);
      fill(entry.target);
    }), { rootMargin: "400px" });
    copies.forEach(image => watcher.observe(image));
  } else copies.forEach(fill);

  all(".wipe input").forEach(input => input.addEventListener("input", () =>
    input.parentElement.style.setProperty("--cut", input.value + "%")));

  all(".frames").forEach(box => {
    const input = box.querySelector("input"), figures = all("figure", box);
    const show = () => figures.forEach((figure, index) => figure.classList.toggle("shown", index === +input.value));
    input.addEventListener("input", show);
    show();
  });

  // Numbers sort as numbers, from the best guess of interest: largest first. Empty keys stay last.
  all("th button").forEach(button => button.addEventListener("click", () => {
    const head = button.closest("th"), body = head.closest("table").tBodies[0], column = head.cellIndex;
    const isNumber = head.classList.contains("number");
    const now = head.getAttribute("aria-sort");
    const isDown = now ? now === "ascending" : isNumber;
    all("th", head.parentElement).forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    const key = row => row.cells[column].dataset.key;
    const order = (a, b) => isNumber ? a - b : a.localeCompare(b, undefined, { numeric: true });
    const rows = [...body.rows].sort((a, b) => {
      const x = key(a), y = key(b);
      if (x === "" || y === "") return (x === "") - (y === "");
      return isDown ? order(y, x) : order(x, y);
    });
    body.append(...rows);
  }));

  // A link to a closed entry opens it.
  const open = () => {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();

  // Paper has no second look: everything is opened and filled in.
  let closed = [];
  addEventListener("beforeprint", () => {
    all("img[data-of]").forEach(fill);
    closed = all("details:not([open])");
    closed.forEach(element => { element.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach(element => { element.open = false; }));
})();

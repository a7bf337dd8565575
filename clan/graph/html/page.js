// The page of `fleet graph --format html`. It runs in a browser, alone: names come as data and become text, never markup.

(() => {
  /** @typedef {{ id: string, kind: string, name: string, x: number, y: number, width: number, height: number }} PlacedNode */
  /** @typedef {{ from: string, to: string, labels: string[], on?: string[], points: [number, number][] }} PlacedEdge */
  /** @typedef {{ fleet: string, width: number, height: number, nodes: PlacedNode[], edges: PlacedEdge[] }} PlacedGraph */

  /** @template {Element} T @param {string} id @param {new () => T} type @returns {T} */
  const part = (id, type) => {
    const found = document.getElementById(id);
    if (!(found instanceof type)) throw new Error(`the page lacks ${id}`);
    return found;
  };
  /** @type {PlacedGraph} */
  const graph = JSON.parse(part("graph", HTMLScriptElement).text);
  const drawing = part("drawing", SVGSVGElement);
  const panel = part("panel", HTMLElement);
  const search = part("search", HTMLInputElement);
  const status = part("status", HTMLElement);
  const theme = part("theme", HTMLButtonElement);

  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const machines = graph.nodes.filter(({ kind }) => kind === "machine");
  const outgoing = Map.groupBy(graph.edges, ({ from }) => from);
  const incoming = Map.groupBy(graph.edges, ({ to }) => to);
  /** @type {Map<string, SVGGElement>} */
  const shapes = new Map();
  /** @type {Map<PlacedEdge, SVGPathElement>} */
  const lines = new Map();
  /** @type {string | undefined} */
  let current;

  // ---- the graph

  /** Everything that a machine gets. @param {PlacedNode} machine @returns {Set<string>} */
  const reach = (machine) => {
    const found = new Set([machine.id]);
    for (const id of found)
      for (const { to, on } of outgoing.get(id) ?? []) if (on?.includes(machine.name) ?? true) found.add(to);
    return found;
  };
  const reached = new Map(machines.map((machine) => [machine, reach(machine)]));
  /** @param {string} id */
  const whoGets = (id) => machines.filter((machine) => reached.get(machine)?.has(id));

  /** What lies on the ways to a thing; of a machine, what it gets. @param {PlacedNode} node @returns {Set<string>} */
  const concerned = (node) => {
    if (node.kind === "machine") return reached.get(node) ?? new Set();
    const given = whoGets(node.id).map((machine) => reached.get(machine));
    const found = new Set([node.id]);
    for (const id of found)
      for (const { from } of incoming.get(id) ?? []) if (given.some((ids) => ids?.has(from))) found.add(from);
    // What nobody gets has importers all the same.
    if (given.length === 0) for (const { from } of incoming.get(node.id) ?? []) found.add(from);
    return found;
  };

  // ---- drawing

  /** @template {keyof SVGElementTagNameMap} K @param {K} name @param {Record<string, string | number>} attributes */
  const svg = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    return element;
  };
  /** Smooth through the middles between points. @param {[number, number][]} points */
  const pathOf = (points) => {
    const [first = [0, 0], ...rest] = points;
    const last = rest.at(-1) ?? first;
    const bends = rest.slice(0, -1).map(([x, y], index) => {
      const [nextX, nextY] = rest[index + 1] ?? last;
      return `Q${x},${y} ${(x + nextX) / 2},${(y + nextY) / 2}`;
    });
    return `M${first.join()}${bends.join("")}L${last.join()}`;
  };
  const draw = () => {
    for (const edge of graph.edges) {
      const line = svg("path", { class: "edge", d: pathOf(edge.points) });
      lines.set(edge, line);
      drawing.append(line);
    }
    for (const node of graph.nodes) {
      const { kind, name, x, y, width, height } = node;
      const shape = svg("g", { class: `node ${kind}`, id: `node-${shapes.size}`, role: "img" });
      const label = `${kind} ${name}`;
      shape.setAttribute("aria-label", label);
      const title = svg("title", {});
      title.textContent = label;
      const rounded = kind === "tag" || kind === "role" ? 11 : kind === "machine" ? 0 : 4;
      const text = svg("text", { x: x - width / 2 + 9, y });
      text.textContent = name;
      shape.append(title, svg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: rounded }), text);
      shape.addEventListener("click", () => choose(node.id));
      shapes.set(node.id, shape);
      drawing.append(shape);
    }
  };

  // ---- view

  const view = { x: 0, y: 0, scale: 1 };
  const show = () => {
    const { width, height } = drawing.getBoundingClientRect();
    drawing.setAttribute("viewBox", `${view.x} ${view.y} ${width / view.scale} ${height / view.scale}`);
  };
  /** @param {number} factor @param {number} [left] @param {number} [top] in pixels of the drawing */
  const zoom = (factor, left, top) => {
    const { width, height } = drawing.getBoundingClientRect();
    const [atX, atY] = [left ?? width / 2, top ?? height / 2];
    const scale = Math.min(4, Math.max(0.05, view.scale * factor));
    view.x += atX / view.scale - atX / scale;
    view.y += atY / view.scale - atY / scale;
    view.scale = scale;
    show();
  };
  /** @param {readonly PlacedNode[]} wanted @param {number} smallest */
  const frame = (wanted, smallest) => {
    if (wanted.length === 0) return;
    const { width, height } = drawing.getBoundingClientRect();
    const left = Math.min(...wanted.map((node) => node.x - node.width / 2)) - 20;
    const top = Math.min(...wanted.map((node) => node.y - node.height / 2)) - 20;
    const wide = Math.max(...wanted.map((node) => node.x + node.width / 2)) + 20 - left;
    const tall = Math.max(...wanted.map((node) => node.y + node.height / 2)) + 20 - top;
    view.scale = Math.max(smallest, Math.min(1.25, width / wide, height / tall));
    view.x = left - Math.max(0, (width / view.scale - wide) / 2);
    view.y = top - Math.max(0, (height / view.scale - tall) / 2);
    show();
  };
  /** @param {PlacedNode} node */
  const moveTo = (node) => {
    const { width, height } = drawing.getBoundingClientRect();
    view.scale = Math.max(view.scale, 0.6);
    view.x = node.x - width / view.scale / 2;
    view.y = node.y - height / view.scale / 2;
    show();
  };

  // ---- details

  /** @template {keyof HTMLElementTagNameMap} K @param {K} name @param {string} text @param {string} [className] */
  const html = (name, text, className) => {
    const element = document.createElement(name);
    element.textContent = text;
    if (className !== undefined) element.className = className;
    return element;
  };
  /** @param {PlacedNode} node @param {string} [remark] */
  const item = (node, remark) => {
    const row = document.createElement("li");
    const button = html("button", node.name);
    button.type = "button";
    button.addEventListener("click", () => choose(node.id));
    row.append(html("span", node.kind, `kind ${node.kind}`), button);
    if (remark !== undefined) row.append(html("span", remark, "quiet"));
    return row;
  };
  /** @param {string} title @param {readonly HTMLLIElement[]} rows @returns {Node[]} */
  const list = (title, rows) => {
    if (rows.length === 0) return [];
    const all = document.createElement("ul");
    all.append(...rows);
    return [html("h3", title), all];
  };
  /** @param {readonly PlacedEdge[]} edges @param {"from" | "to"} end */
  const ends = (edges, end) =>
    edges.flatMap((edge) => {
      const node = nodes.get(edge[end]);
      return node === undefined ? [] : [item(node, edge.labels.join(", "))];
    });
  const showMatches = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const most = 60;
    const found = graph.nodes.filter(({ kind, name }) =>
      words.every((word) => `${kind} ${name}`.toLowerCase().includes(word)),
    );
    const shown = found.slice(0, most).map((node) => item(node));
    const more = found.length > most ? [html("p", `… and ${found.length - most} more`, "quiet")] : [];
    const title = words.length === 0 ? `${graph.nodes.length} things` : `${found.length} found`;
    panel.replaceChildren(...list(title, shown), ...more);
    if (found.length === 0) panel.append(html("p", "nothing is called so", "quiet"));
    light(words.length === 0 ? undefined : new Set(found.map(({ id }) => id)));
    status.textContent = title;
    return found;
  };
  /** @param {PlacedNode} node */
  const showDetails = (node) => {
    const who = whoGets(node.id).filter((machine) => machine !== node);
    const back = html("button", "All things");
    back.type = "button";
    back.addEventListener("click", clear);
    const count = who.length === machines.length ? `all ${who.length}` : `${who.length} of ${machines.length}`;
    const gets =
      node.kind === "machine"
        ? []
        : list(
            `machines that get it: ${count}`,
            who.map((machine) => item(machine)),
          );
    const heading = html("h2", node.name);
    heading.prepend(html("span", node.kind, `kind ${node.kind}`), " ");
    panel.replaceChildren(
      back,
      heading,
      ...(node.kind !== "machine" && who.length === 0 ? [html("p", "No machine gets it.")] : gets),
      ...list("because of", ends(incoming.get(node.id) ?? [], "from")),
      ...list("it has", ends(outgoing.get(node.id) ?? [], "to")),
    );
    panel.scrollTop = 0;
    const said =
      node.kind === "machine" ? `gets ${(reached.get(node)?.size ?? 1) - 1} things` : `machines that get it: ${count}`;
    status.textContent = `${node.kind} ${node.name}: ${said}`;
  };

  // ---- choosing

  /** @param {Set<string> | undefined} ids undefined: all alike */
  const light = (ids) => {
    drawing.classList.toggle("chosen", ids !== undefined);
    for (const [id, shape] of shapes) {
      shape.classList.toggle("lit", ids?.has(id) ?? false);
      shape.classList.toggle("current", id === current);
    }
    for (const [{ from, to }, line] of lines)
      line.classList.toggle("lit", current !== undefined && (ids?.has(from) ?? false) && (ids?.has(to) ?? false));
  };
  /** @param {string} id */
  const choose = (id) => {
    const node = nodes.get(id);
    if (node === undefined) return;
    current = id;
    drawing.setAttribute("aria-activedescendant", shapes.get(id)?.id ?? "");
    light(concerned(node));
    showDetails(node);
    const { width, height } = drawing.getBoundingClientRect();
    const [left, top] = [(node.x - view.x) * view.scale, (node.y - view.y) * view.scale];
    if (left < 0 || top < 0 || left > width || top > height || view.scale < 0.5) moveTo(node);
    history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  };
  const clear = () => {
    current = undefined;
    search.value = "";
    drawing.removeAttribute("aria-activedescendant");
    history.replaceState(null, "", location.pathname + location.search);
    showMatches();
  };
  /** The nearest thing in a direction: along lines to the side, else within the column. @param {string} key */
  const step = (key) => {
    const at = current === undefined ? undefined : nodes.get(current);
    if (at === undefined) return choose(machines[0]?.id ?? graph.nodes[0]?.id ?? "");
    const distance = (/** @type {PlacedNode} */ node) => Math.hypot(node.x - at.x, (node.y - at.y) * 2);
    const linked =
      key === "ArrowRight"
        ? (outgoing.get(at.id) ?? []).map(({ to }) => to)
        : (incoming.get(at.id) ?? []).map(({ from }) => from);
    const column = graph.nodes.filter((node) => (key === "ArrowDown" ? node.y > at.y : node.y < at.y));
    const sideways = key === "ArrowRight" || key === "ArrowLeft";
    const near = sideways ? linked.flatMap((id) => nodes.get(id) ?? []) : column;
    const weight = sideways
      ? distance
      : (/** @type {PlacedNode} */ node) => Math.abs(node.x - at.x) * 4 + Math.abs(node.y - at.y);
    const next = near.toSorted((a, b) => weight(a) - weight(b))[0];
    if (next !== undefined) choose(next.id);
  };

  // ---- keys, pointers, theme

  drawing.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) step(event.key);
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") frame(graph.nodes, 0.05);
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape") clear();
  });
  search.addEventListener("input", () => {
    current = undefined;
    showMatches();
  });
  search.addEventListener("keydown", (event) => {
    const first = panel.querySelector("li > button");
    if (!(first instanceof HTMLButtonElement)) return;
    if (event.key === "Enter") first.click();
    else if (event.key === "ArrowDown") first.focus();
    else return;
    event.preventDefault();
  });
  /** @type {{ x: number, y: number } | undefined} */
  let dragged;
  drawing.addEventListener("pointerdown", (event) => {
    if (event.target === drawing) dragged = { x: event.clientX, y: event.clientY };
  });
  addEventListener("pointermove", (event) => {
    if (dragged === undefined) return;
    view.x -= (event.clientX - dragged.x) / view.scale;
    view.y -= (event.clientY - dragged.y) / view.scale;
    dragged = { x: event.clientX, y: event.clientY };
    show();
  });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (dragged = undefined));
  drawing.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { left, top } = drawing.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top);
    },
    { passive: false },
  );
  part("in", HTMLButtonElement).addEventListener("click", () => zoom(1.25));
  part("out", HTMLButtonElement).addEventListener("click", () => zoom(0.8));
  part("fit", HTMLButtonElement).addEventListener("click", () => frame(graph.nodes, 0.05));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset["theme"] ?? (dark.matches ? "dark" : "light")) === "dark";
  const nameTheme = () => (theme.textContent = isDark() ? "Light" : "Dark");
  theme.addEventListener("click", () => {
    document.documentElement.dataset["theme"] = isDark() ? "light" : "dark";
    nameTheme();
  });
  dark.addEventListener("change", nameTheme);
  addEventListener("resize", show);

  draw();
  nameTheme();
  frame(graph.nodes, 0.45);
  showMatches();
  choose(decodeURIComponent(location.hash.slice(1)));
})();

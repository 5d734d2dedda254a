// Charts, theme switch and small conveniences. Everything works without it, except charts and refreshing.
/* global uPlot */
(() => {
  // A custom property that depends on the theme is resolved only where it is used.
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const style = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };

  // -- theme
  const isDark = () =>
    (document.documentElement.dataset.theme ??
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  document.getElementById("theme")?.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
    drawAll();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());

  // -- forms
  document.addEventListener("change", (event) => {
    const target = event.target;
    if (target.matches("[data-select-all]")) {
      for (const box of target.form.querySelectorAll("input[name=letter]")) box.checked = target.checked;
    }
    if (target.matches("[data-autosubmit] select")) target.form.requestSubmit();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-confirm]") && !confirm(form.dataset.confirm)) return event.preventDefault();
    // Empty fields are left out of the address.
    if (form.method !== "get") return;
    for (const field of form.querySelectorAll("input, select")) field.disabled ||= field.value === "";
  });
  // Back from the page a form led to: its fields are there again.
  addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form[method=get] :disabled")) field.disabled = false;
  });

  // -- refreshing
  const offline = document.getElementById("offline");
  document.addEventListener("htmx:before:request", (event) => {
    if (document.hidden && event.target.matches?.("[data-poll]")) event.preventDefault();
  });
  document.addEventListener("htmx:error", () => {
    offline.hidden = false;
  });
  document.addEventListener("htmx:after:request", () => {
    offline.hidden = true;
  });
  document.addEventListener("htmx:after:swap", () => loadAll());

  // -- charts
  const charts = new Map();
  const counts = new Intl.NumberFormat("en-US");
  const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
  const palette = () => ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6"].map(style);

  const builders = {
    counts: (data) => ({
      columns: [data.times, data.produced, data.shown],
      series: [
        { label: "produced", dash: [5, 4] },
        { label: "shown", fill: true },
      ],
    }),
    sources: (data) => ({
      columns: [data.times, ...Object.values(data.sources)],
      series: Object.keys(data.sources).map((label) => ({ label })),
    }),
    money: ({ rows }) => {
      const ascending = rows.toReversed();
      const currencies = [
        ...new Set(rows.flatMap((row) => [...Object.keys(row.revenue), ...Object.keys(row.payouts)])),
      ];
      const lines = currencies.sort().flatMap((currency) => [
        { label: `revenue ${currency}`, of: (row) => row.revenue[currency] },
        { label: `payouts ${currency}`, of: (row) => row.payouts[currency], dash: [5, 4] },
      ]);
      return {
        columns: [
          ascending.map((row) => Date.parse(row.time) / 1000),
          ...lines.map(({ of }) => ascending.map((row) => Number(of(row) ?? 0))),
        ],
        series: lines,
      };
    },
  };

  function options(figure, series, width, times) {
    const colours = palette();
    const text = style("--text-soft");
    const grid = { stroke: style("--line"), width: 1 };
    const axis = { stroke: text, grid, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    // A single point would otherwise stretch over years.
    const time = times.length === 1 ? { range: [times[0] - 7200, times[0] + 7200] } : {};
    return {
      width,
      height: Number(figure.dataset.height ?? 220),
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { points: { size: 6 } },
      legend: { live: true },
      scales: { x: time, y: { range: (_, min, max) => [Math.min(0, min), Math.max(1, max * 1.08)] } },
      axes: [
        {
          ...axis,
          space: 90,
          values: [
            [86400, "{YYYY}-{MM}-{DD}"],
            [3600, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}"],
            [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}"],
          ].map(tick),
        },
        { ...axis, size: 56, values: (_, values) => values.map((value) => compact.format(value)) },
      ],
      series: [
        { label: "time", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" },
        ...series.map(({ label, dash, fill }, i) => ({
          label,
          dash,
          stroke: colours[i % colours.length],
          fill: fill ? colours[i % colours.length].replace("rgb(", "rgba(").replace(")", ", 0.13)") : undefined,
          width: 1.75,
          points: { show: times.length <= 3 },
          value: (_, value) => (value == null ? "–" : counts.format(value)),
        })),
      ],
    };
  }

  /** One row of uPlot's table of tick formats: step, text, and what is added when the day changes. */
  function tick([step, text, day]) {
    return [step, text, null, null, day ?? null, null, null, null, 1];
  }

  function draw(figure) {
    const state = charts.get(figure);
    if (!state?.data) return;
    const plot = figure.querySelector(".plot");
    const { columns, series } = builders[figure.dataset.chart](state.data);
    const names = series.map(({ label }) => label).join("|") + isDark();
    if (state.plot && state.names === names) return state.plot.setData(columns);
    state.plot?.destroy();
    plot.replaceChildren();
    if (columns[0].length === 0 || series.length === 0) return message(figure, "Nothing to draw in this range");
    state.names = names;
    state.plot = new uPlot(options(figure, series, plot.clientWidth, columns[0]), columns, plot);
  }

  function message(figure, text) {
    const line = document.createElement("p");
    line.className = "plot-state";
    line.textContent = text;
    const state = charts.get(figure);
    state.plot?.destroy();
    state.plot = undefined;
    figure.querySelector(".plot").replaceChildren(line);
  }

  async function load(figure) {
    const state = charts.get(figure) ?? {};
    charts.set(figure, state);
    if (state.loading) return;
    state.loading = true;
    try {
      const response = await fetch(figure.dataset.src, { headers: { accept: "application/json" } });
      if (!response.ok) throw new Error((await response.json()).title);
      state.data = await response.json();
      draw(figure);
      figure.dataset.drawn = String(state.data.times?.length ?? state.data.rows.length);
    } catch (error) {
      delete figure.dataset.drawn;
      message(figure, `The chart could not be loaded: ${error.message}`);
    } finally {
      state.loading = false;
    }
  }

  const figures = () => document.querySelectorAll("[data-chart]");
  function loadAll() {
    for (const figure of charts.keys()) if (!figure.isConnected) charts.delete(figure);
    for (const figure of figures()) load(figure);
  }
  function drawAll() {
    for (const figure of figures()) draw(figure);
  }
  let resizing;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      for (const [figure, { plot }] of charts) {
        plot?.setSize({ width: figure.querySelector(".plot").clientWidth, height: plot.height });
      }
    }, 100);
  });
  loadAll();
})();

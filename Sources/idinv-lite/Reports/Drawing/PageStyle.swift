/// The style sheet of all pages: calm, readable on a phone and on paper, light and dark.
package enum PageStyle {
  package static let css = """
    \(colours)
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
    body {
      margin: 0; background: var(--page); color: var(--ink);
      font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
      font-variant-numeric: tabular-nums;
    }
    main { max-width: 70rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
    h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -.015em; font-weight: 650; margin: 0; }
    h2 { font-size: 1.15rem; font-weight: 650; margin: 3rem 0 .75rem; }
    h3 { font-size: .95rem; font-weight: 600; margin: 1.75rem 0 .5rem; }
    p { margin: .5rem 0; max-width: 44rem; }
    small, .quiet { color: var(--quiet); }
    small { font-size: .8125rem; font-weight: 400; }
    a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 2px; }
    code { font: .875em/1.4 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
    .lead { color: var(--quiet); margin: .35rem 0 0; max-width: none; }
    .note { border-left: 3px solid var(--accent); padding: .1rem 0 .1rem .8rem; color: var(--quiet); }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

    dl.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .9rem 1.5rem;
      margin: 1.75rem 0 0; padding: 1rem 0; border: solid var(--rule); border-width: 1px 0; }
    dl.facts div { min-width: 0; }
    dl.facts .wide { grid-column: 1 / -1; }
    dt { color: var(--quiet); font-size: .8125rem; }
    dd { margin: 0; overflow-wrap: anywhere; }
    dl.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: .75rem 0 1.5rem; }
    dl.tiles div { background: var(--panel); border-radius: .5rem; padding: .8rem 1rem; }
    dl.tiles dd { font-size: 1.5rem; line-height: 1.3; font-weight: 600; letter-spacing: -.01em; }
    dl.tiles dd small { display: block; letter-spacing: 0; }

    .table { overflow-x: auto; margin: .75rem 0; border-bottom: 1px solid var(--rule); }
    table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
    caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    th, td { padding: .4rem .75rem; text-align: left; border-top: 1px solid var(--rule); white-space: nowrap; }
    th { font-weight: 600; font-size: .8125rem; vertical-align: top; border-top: 0; }
    th small { display: block; }
    th:first-child, td:first-child { padding-left: 0; }
    th:last-child, td:last-child { padding-right: 0; }
    .number { text-align: right; }
    tbody tr:hover { background: var(--mark); }
    tfoot td { font-weight: 600; border-top: 2px solid var(--rule); }
    th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; text-align: inherit; cursor: pointer; }
    th button:hover { color: var(--accent); }
    th button::after, th.number button::before { color: var(--accent); }
    th[aria-sort=ascending]:not(.number) button::after { content: "\\2002\\2191"; }
    th[aria-sort=descending]:not(.number) button::after { content: "\\2002\\2193"; }
    th.number[aria-sort=ascending] button::before { content: "\\2191\\2002"; }
    th.number[aria-sort=descending] button::before { content: "\\2193\\2002"; }
    .thumbs { display: inline-flex; flex: none; gap: 3px; vertical-align: middle; }
    .thumbs img { flex: none; max-width: none; width: 40px; height: 40px; object-fit: cover; border-radius: 3px; background: var(--panel); }
    td .name { display: block; max-width: 16rem; white-space: normal; overflow-wrap: anywhere; line-height: 1.3; }
    .change { color: var(--quiet); }

    td { vertical-align: middle; }
    img[data-of] { visibility: hidden; }
    img { display: block; max-width: 100%; height: auto; }
    img.tiny { image-rendering: pixelated; }
    figure { margin: 0; min-width: 0; }
    figcaption { font-size: .875rem; line-height: 1.4; padding-top: .4rem; overflow-wrap: anywhere; }
    figcaption small { display: block; }
    .row { display: grid; gap: 1rem; margin: .75rem 0; }
    .row.large { grid-template-columns: repeat(auto-fill, minmax(min(30%, 14rem), 1fr)); }
    .row.small { grid-template-columns: repeat(auto-fill, minmax(min(28%, 7rem), 1fr)); }
    .row.wipes { grid-template-columns: repeat(auto-fill, minmax(min(44%, 13rem), 1fr)); }
    .row img { width: 100%; border-radius: 4px; }
    .pair { display: grid; grid-template-columns: 20rem minmax(0, 1fr); gap: 1.5rem 2.5rem; align-items: start; margin: 1.25rem 0 .75rem; }
    .pair > :only-child:not(.wipe-box) { grid-column: 1 / -1; }

    .wipe { display: none; position: relative; border-radius: 4px; overflow: hidden; touch-action: pan-y; }
    .wipe-box { display: none; }
    .js .wipe-box, .js .wipe { display: block; }
    .wipe img { width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--panel); }
    .wipe img.over { position: absolute; inset: 0; clip-path: inset(0 0 0 var(--cut)); }
    .wipe .handle { position: absolute; inset: 0 auto 0 var(--cut); width: 2px; margin-left: -1px; background: #fff; box-shadow: 0 0 0 1px #0005; }
    .wipe .handle::after { content: ""; position: absolute; top: 50%; left: 50%; width: 1.5rem; height: 1.5rem; margin: -.75rem;
      border-radius: 50%; background: #fff; box-shadow: 0 0 0 1px #0003, 0 1px 4px #0006; }
    .wipe input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize; }
    .wipe:focus-within { outline: 2px solid var(--accent); outline-offset: 2px; }
    .wipe-box figcaption { display: flex; justify-content: space-between; color: var(--quiet); }
    .frames input { display: none; width: 100%; accent-color: var(--accent); }
    .js .frames { max-width: 20rem; }
    .js .frames input { display: block; margin: .5rem 0; }
    .js .frames .row { display: block; }
    .js .frames figure:not(.shown) { display: none; }
    .frames figcaption { text-align: center; }

    .matrix { overflow-x: auto; margin: .75rem 0; }
    .matrix table { width: auto; }
    .matrix th, .matrix td { border: 0; padding: 2px; text-align: center; vertical-align: middle; font-weight: 400; }
    .matrix th { color: var(--quiet); }
    .matrix thead th { vertical-align: bottom; padding-bottom: .3rem; }
    .matrix tbody th { position: sticky; left: 0; background: var(--page); text-align: left; padding-right: .6rem;
      min-width: 4.5rem; max-width: 9rem; white-space: normal; overflow-wrap: anywhere; z-index: 1; }
    .matrix tbody tr:hover { background: none; }
    .matrix img { width: 6.5rem; max-width: none; height: auto; border-radius: 3px; background: var(--panel); }
    .matrix .own { outline: 2px solid var(--rule); }

    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1rem 1.5rem; }
    .charts.two { grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
    .chart { max-width: 36rem; }
    .chart figcaption { padding: 0 0 .4rem; }
    .chart figcaption small { display: inline; }
    .chart svg { display: block; width: 100%; height: auto; }
    .legend { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; margin: .15rem 0 0; padding: 0; color: var(--quiet); }
    .legend i { display: inline-block; width: 1.1rem; height: 0; border-style: solid; border-width: 2px 0 0; vertical-align: .25em; margin-right: .4rem; }
    \(marks)
    .legend i.d1, .legend i.d3 { border-top-style: dashed; } .legend i.d2 { border-top-style: dotted; }
    .legend i.front { border-top: 7px solid var(--accent); opacity: .3; vertical-align: .05em; }
    .chart.wide { max-width: none; margin: .75rem 0 1.5rem; }
    td .text { display: block; min-width: 12rem; white-space: normal; line-height: 1.4; }
    td .text small { display: block; }
    td .options { display: block; min-width: 11rem; white-space: normal; line-height: 1.5; }
    td .options code { white-space: nowrap; }
    .matrix thead th { white-space: normal; max-width: 6.5rem; }
    dl.terms { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; max-width: 44rem; }
    .strips rect { fill: var(--ink); opacity: 0; }
    .strips rect:hover { opacity: .08; }

    details.item { border-top: 1px solid var(--rule); }
    details.item:last-of-type { border-bottom: 1px solid var(--rule); }
    details.item > summary { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; padding: .6rem 0; cursor: pointer; list-style: none; }
    details.item > summary::-webkit-details-marker { display: none; }
    details.item > summary::before { content: ""; flex: none; width: .45rem; height: .45rem; margin: 0 .2rem; border: solid var(--quiet);
      border-width: 0 1.5px 1.5px 0; transform: rotate(-45deg); }
    details.item[open] > summary::before { transform: rotate(45deg); }
    details.item > summary .name { flex: 1 1 8rem; font-weight: 600; overflow-wrap: anywhere; min-width: 0; }
    details.item > summary .quiet { margin-left: auto; white-space: nowrap; font-size: .875rem; }
    details.item > .body { padding: .25rem 0 2rem; }
    details.more { margin: .75rem 0; }
    details.more > summary { color: var(--accent); cursor: pointer; }
    footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--rule); color: var(--quiet); font-size: .875rem; }

    @media (max-width: 44rem) {
      main { padding: 1.5rem 1rem 3rem; }
      h1 { font-size: 1.45rem; }
      .pair { grid-template-columns: minmax(0, 1fr); }
      .row { gap: .6rem; }
      .row.large { grid-template-columns: repeat(auto-fill, minmax(30%, 1fr)); }
      .tick { font-size: 14px; }
      dl.facts { grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); }
      dl.tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
      dl.tiles div { padding: .6rem .75rem; }
      dl.tiles dd { font-size: 1.25rem; }
      th, td { padding: .4rem .5rem; }
      td .thumbs img:not(:last-child) { display: none; }
      td .name { width: 7.5rem; }
      .matrix img { width: 4.25rem; }
      .matrix tbody th { min-width: 4.25rem; max-width: 5rem; }
    }
    @media print {
      :root { --page: #fff; --panel: #f5f7f9; --ink: #000; --quiet: #444; --rule: #ccc; --s0: #000; --s1: #1f77b4;
        --s2: #c8641b; --s3: #2a8a5c; --s4: #8a5bb0; --s5: #a08a1c; }
      body { font-size: 10pt; }
      main { max-width: none; padding: 0; }
      * { print-color-adjust: exact; }
      .wipe-box, .frames input, .js .wipe-box, .js .frames input { display: none; }
      .js .frames { max-width: none; }
      .js .frames .row { display: grid; }
      .js .frames figure:not(.shown) { display: block; }
      .pair { grid-template-columns: minmax(0, 1fr); }
      h2 { margin-top: 1.5rem; }
      th, td { padding-top: .15rem; padding-bottom: .15rem; }
      dl.tiles { grid-template-columns: repeat(5, minmax(0, 1fr)); }
      dl.tiles dd { font-size: 1.1rem; }
      figure, tr, dl.tiles { break-inside: avoid; }
      h2, h3, summary { break-after: avoid; }
      .table, .matrix { overflow: visible; }
      .matrix img { width: 4rem; }
      .row.large { grid-template-columns: repeat(3, 1fr); }
      .row.small { grid-template-columns: repeat(6, 1fr); }
    }
    """

  /// Light and dark.
  package static let colours = """
    :root {
      color-scheme: light dark;
      --page: #fff; --panel: #f5f7f9; --ink: #1b2430; --quiet: #5c6878; --rule: #e1e6ec; --accent: #1d5fa8;
      --mark: #1d5fa814; --s0: #1b2430; --s1: #1f77b4; --s2: #c8641b; --s3: #2a8a5c; --s4: #8a5bb0; --s5: #a08a1c;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #11161d; --panel: #1a212b; --ink: #e3e9f0; --quiet: #97a4b4; --rule: #2c3642; --accent: #84b6f4;
        --mark: #84b6f41f; --s0: #e9eef4; --s1: #6db3ee; --s2: #f0a35e; --s3: #6cc795; --s4: #c39be6; --s5: #d8c45a;
      }
    }
    """

  /// What charts are drawn with, on pages and in files of their own.
  package static let marks = """
    .rule { stroke: var(--rule); fill: none; }
    .axis { stroke: var(--quiet); fill: none; }
    .tick { fill: var(--quiet); font-size: 11.5px; }
    path.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
    path.s0 { stroke-width: 2.2; }
    .s0 { stroke: var(--s0); border-color: var(--s0); } .s1 { stroke: var(--s1); border-color: var(--s1); }
    .s2 { stroke: var(--s2); border-color: var(--s2); } .s3 { stroke: var(--s3); border-color: var(--s3); }
    .s4 { stroke: var(--s4); border-color: var(--s4); } .s5 { stroke: var(--s5); border-color: var(--s5); }
    .band { fill: var(--s0); opacity: .1; stroke: none; }
    .dot { fill: var(--page); stroke-width: 2; }
    .dot.full.s0 { fill: var(--s0); } .dot.full.s1 { fill: var(--s1); } .dot.full.s2 { fill: var(--s2); }
    .dot.full.s3 { fill: var(--s3); } .dot.full.s4 { fill: var(--s4); } .dot.full.s5 { fill: var(--s5); }
    .dot:hover { stroke-width: 5; }
    .plain { stroke: var(--quiet); border-color: var(--quiet); }
    path.d1 { stroke-dasharray: 7 4; } path.d2 { stroke-dasharray: 2 4; } path.d3 { stroke-dasharray: 9 3 2 3; }
    path.front { fill: none; stroke: var(--accent); stroke-width: 9; stroke-linejoin: round; opacity: .22; }
    """
}

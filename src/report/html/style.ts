/** The one style sheet. No attribute `style` anywhere: the page's own policy allows only this sheet, by its hash. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fbfaf8;--card:#fff;--text:#1d2430;--soft:#5a6473;--line:#dcdfe4;--accepted:#2c6fb0;
--refused:#c4472b;--deferred:#c79a1e;--warn:#fdf1d8;--warn-line:#d9a93a;--code:#f0f2f5;--tile:#f3f5f8}
@media (prefers-color-scheme:dark){:root{--bg:#14181f;--card:#1c222b;--text:#e6e9ee;--soft:#a3adbb;--line:#343c48;
--accepted:#69a8e4;--refused:#ee8368;--deferred:#e3bf56;--warn:#33290f;--warn-line:#a8822b;--code:#262e39;--tile:#222934}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 20px}
header{padding-top:28px}
h1{font-size:1.75rem;line-height:1.2;margin:0}
h2{font-size:1.2rem;margin:0 0 12px}
h3{font-size:1rem;margin:20px 0 8px}
p{margin:0 0 10px}
.soft{color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px;margin:20px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin:0 0 12px}
.tile{background:var(--tile);border-radius:8px;padding:12px 14px}
.tile b{display:block;font-size:1.5rem;line-height:1.2;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:.875rem}
.tile.accepted b{color:var(--accepted)}.tile.refused b{color:var(--refused)}
.note{background:var(--warn);border-left:4px solid var(--warn-line);border-radius:4px;padding:10px 14px;margin:0 0 12px}
.two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:20px 32px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{text-align:left;font-weight:600;padding:0 0 6px}
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:500;font-size:.875rem}
th[scope=row]{color:inherit;font-weight:400;font-size:inherit;overflow-wrap:anywhere}
td{overflow-wrap:anywhere}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;width:1%}
td:last-child,th:last-child{padding-right:0}
td.graph{width:30%;min-width:70px;vertical-align:middle}
tr:last-child>*{border-bottom:0}
svg{display:block;width:100%}
svg.bar{height:12px}
.accepted{fill:var(--accepted)}.refused{fill:var(--refused)}.deferred{fill:var(--deferred)}
svg text{fill:var(--soft);font-size:11px;font-family:inherit}
svg line{stroke:var(--line)}
.narrow{display:none}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:0 0 8px;font-size:.875rem;list-style:none;padding:0}
.legend svg{display:inline-block;width:12px;height:12px;vertical-align:-1px;margin-right:6px}
ol.suspects{list-style:none;margin:0;padding:0}
ol.suspects>li{border-top:1px solid var(--line);padding:14px 0}
ol.suspects>li:last-child{padding-bottom:0}
.who{font-weight:600;overflow-wrap:anywhere}
.why{margin:4px 0 8px;padding-left:20px}
code{font:.875rem/1.4 ui-monospace,"Cascadia Mono",Menlo,"DejaVu Sans Mono",monospace;background:var(--code);border-radius:4px;padding:2px 6px;overflow-wrap:anywhere}
code.line{display:inline-block;padding:4px 10px;border:1px solid var(--line);user-select:all}
.fix{margin:0}
details{margin-top:10px}
summary{cursor:pointer;color:var(--soft);font-size:.875rem}
footer{color:var(--soft);font-size:.875rem;padding-bottom:28px}
@media (max-width:640px){main,header,footer{padding-left:12px;padding-right:12px}header{padding-top:18px}
section{padding:14px;margin:12px 0}.two{grid-template-columns:minmax(0,1fr)}.wide{display:none}.narrow{display:block}
.tiles{grid-template-columns:1fr 1fr}td.detail,th.detail{display:none}td.graph,th.graph{display:none}th,td{padding-right:10px}th.n{white-space:normal}th[scope=row]{min-width:8.5em}}
@media print{:root{color-scheme:light;--bg:#fff;--card:#fff;--text:#000;--soft:#444;--line:#bbb;--accepted:#2c6fb0;
--refused:#c4472b;--deferred:#c79a1e;--warn:#fff;--warn-line:#888;--code:#fff;--tile:#fff}
@page{margin:14mm}body{font-size:10pt}section{border:0;border-top:1px solid var(--line);border-radius:0;padding:10px 0;margin:8px 0}
main,header,footer{max-width:none;padding:0}.tiles{grid-template-columns:repeat(5,1fr);gap:8px}.tile{padding:8px 10px}.tile{border:1px solid var(--line)}
li,tr,.chart,.tile{break-inside:avoid}h2,h3{break-after:avoid}details,summary{display:none}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`

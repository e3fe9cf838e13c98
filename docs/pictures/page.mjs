// A page of messages in a channel, as HTML.
import { readFileSync } from "node:fs";

import { clock, markdown, plain } from "./markdown.mjs";

const css = readFileSync(new URL("discord.css", import.meta.url));
const colours = { a: "#3ba55d", b: "#eb459e", c: "#faa61a", d: "#5865f2", e: "#ed4245" };
const styles = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };

/** Messages, and lines such as `{ "later": "five minutes later" }`. */
export function page(parts, theme, size) {
    const body = parts.map((part) => (part.later ? `<div class="later">${plain(part.later)}</div>` : message(part)));
    return `<!doctype html><meta charset="utf-8"><style>${css}</style>
        <body class="${theme} ${size}">${body.join("")}</body>`;
}

function message({ content, embeds, components, posted, at, edited, ephemeral, used }) {
    const now = new Date(at);
    const parts = [
        content && `<div class="content">${markdown(content, now)}${edited ? mark(edited) : ""}</div>`,
        ...embeds.map((embed) => drawn(embed, now)),
        ...components.map(({ components }) => `<div class="row">${components.map(button).join("")}</div>`),
        ephemeral && '<div class="only">👁 Only you can see this • <a>Dismiss message</a></div>',
    ];
    return `<div class="message ${content.includes("<@") ? "ping" : ""} ${ephemeral ? "ephemeral" : ""}">
        ${used ? command(used) : ""}
        <div class="avatar bot">${lock}</div>
        <div class="text"><div><span class="name">Locktender</span><span class="app">APP</span><span
            class="at">${clock(new Date(posted))}</span></div>${parts.filter(Boolean).join("")}</div>
    </div>`;
}

const lock = `<svg viewBox="0 0 24 24" width="22" height="22"><path fill="#fff" d="M12 2a5 5 0 0 0-5 5v3H6a2 2 0 0
    0-2 2v8a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-8a2 2 0 0 0-2-2h-1V7a5 5 0 0 0-5-5zm-3 8V7a3 3 0 0 1 6 0v3z"/></svg>`;

const mark = () => ' <span class="edited">(edited)</span>';

function command([by, name]) {
    const initial = `<span class="small" style="background:${colours[by[0]]}">${plain(by[0].toUpperCase())}</span>`;
    return `<div class="used">${initial}<b>${plain(by)}</b> used <span class="slash">/${plain(name)}</span></div>`;
}

function drawn({ color, title, description, fields = [], footer, timestamp }, now) {
    const foot = [footer && plain(footer.text), timestamp && `Today at ${clock(new Date(timestamp))}`];
    const parts = [
        title && `<div class="title">${markdown(title, now)}</div>`,
        description && `<div class="description">${markdown(description, now)}</div>`,
        fields.length > 0 && `<div class="fields">${columns(fields).map((field) => fieldOf(field, now)).join("")}</div>`,
        (footer || timestamp) && `<div class="footer">${foot.filter(Boolean).join(" • ")}</div>`,
    ];
    const hex = `#${color.toString(16).padStart(6, "0")}`;
    return `<div class="embed" style="border-left-color:${hex}">${parts.filter(Boolean).join("")}</div>`;
}

/** Fields with their columns: up to three short ones share a row. */
function columns(fields) {
    const placed = [];
    for (let at = 0; at < fields.length;) {
        let end = at + 1;
        while (fields[at].inline && end < fields.length && end - at < 3 && fields[end].inline) end += 1;
        for (const field of fields.slice(at, end)) placed.push({ ...field, span: 12 / (end - at) });
        at = end;
    }
    return placed;
}

function fieldOf({ name, value, span }, now) {
    return `<div class="field" style="--span:${span}"><div class="label">${markdown(name, now)}</div>
        <div class="value">${markdown(value, now)}</div></div>`;
}

function button({ style, label, disabled }) {
    return `<span class="button ${styles[style]} ${disabled ? "disabled" : ""}">${plain(label)}</span>`;
}

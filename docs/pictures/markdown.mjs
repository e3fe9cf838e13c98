// The part of Discord's markup that the bot uses: escapes, code, bold, times, mentions and links.

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function plain(text) {
    return text.replace(/[&<>"]/g, (c) => escapes[c]);
}

const emoji = /(\p{Extended_Pictographic}\uFE0F?)/gu;

function words(text) {
    return plain(text).replace(emoji, '<span class="emoji">$1</span>').replace(/\n/g, "<br>");
}

// The first rule that matches at a place wins.
const rules = [
    [/^\\([^\w\s])/, ([, c]) => words(c)],
    [/^(`+)([\s\S]*?[^`])\1(?!`)/, ([, , code]) => `<code>${plain(code)}</code>`],
    [/^\*\*([\s\S]+?)\*\*/, ([, text], at) => `<strong>${markdown(text, at)}</strong>`],
    [/^<t:(-?\d+):([FR])>/, ([, seconds, style], at) => time(new Date(seconds * 1000), style, at)],
    [/^<@([^>&]+)>/, ([, name]) => `<span class="mention">@${plain(name)}</span>`],
    [/^<@&([^>]+)>/, ([, name]) => `<span class="mention">@${plain(name)}</span>`],
    [/^<#([^>]+)>/, ([, name]) => `<span class="mention">#${plain(name)}</span>`],
    [
        /^https:\/\/discord\.com\/channels\/[^/\s]+\/([^/\s]+)\/[^\s.]+/,
        ([, channel]) => `<span class="mention"># ${plain(channel)} › 💬</span>`,
    ],
    [/^https?:\/\/\S+/, ([url]) => `<a>${plain(url)}</a>`],
];

/** Markup as HTML. Times are relative to `at`. */
export function markdown(text, at) {
    let html = "";
    let own = "";
    for (let place = 0; place < text.length;) {
        const rest = text.slice(place);
        const [match, draw] = rules
            .map(([pattern, draw]) => [pattern.exec(rest), draw])
            .find(([match]) => match) ?? [];
        if (match) {
            html += words(own) + draw(match, at);
            own = "";
            place += match[0].length;
        } else {
            own += text[place];
            place += 1;
        }
    }
    return html + words(own);
}

function time(moment, style, at) {
    const words = style === "R" ? distance(moment - at) : full(moment);
    return `<span class="time">${words}</span>`;
}

/** A moment as Discord shows it to an American in UTC. */
function full(moment) {
    return new Intl.DateTimeFormat("en-US", { dateStyle: "full", timeStyle: "short", timeZone: "UTC" })
        .format(moment);
}

// The limits and words are those of moment.js, which Discord's clients show.
const units = [
    [45e3, 1e3, () => "a few seconds"],
    [90e3, 60e3, () => "a minute"],
    [45 * 60e3, 60e3, (n) => `${n} minutes`],
    [90 * 60e3, 3600e3, () => "an hour"],
    [22 * 3600e3, 3600e3, (n) => `${n} hours`],
    [36 * 3600e3, 86400e3, () => "a day"],
    [26 * 86400e3, 86400e3, (n) => `${n} days`],
    [Infinity, 30.4 * 86400e3, (n) => `${n} months`],
];

function distance(ms) {
    const [, unit, words] = units.find(([limit]) => Math.abs(ms) < limit);
    const said = words(Math.round(Math.abs(ms) / unit));
    return ms > 0 ? `in ${said}` : `${said} ago`;
}

/** The time beside a name or in a footer. */
export function clock(moment) {
    const time = new Intl.DateTimeFormat("en-US", { timeStyle: "short", timeZone: "UTC" });
    return time.format(moment);
}

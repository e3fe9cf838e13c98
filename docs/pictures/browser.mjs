// Headless Chromium without a network, over the pipe of its DevTools protocol. So no package is needed.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const flags = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--font-render-hinting=none", "--remote-debugging-pipe",
];

export class Browser {
    #calls = new Map();
    #next = 1;
    #rest = "";

    /** Starts it. `CHROMIUM` is another program than `chromium`. */
    static async start() {
        const browser = new Browser();
        browser.profile = mkdtempSync(join(tmpdir(), "pictures-"));
        const program = process.env.CHROMIUM ?? "chromium";
        const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"];
        browser.process = spawn(program, [...flags, `--user-data-dir=${browser.profile}`], { stdio });
        browser.process.on("error", (error) => browser.#fail(error));
        browser.process.on("exit", () => browser.#fail(new Error(`${program} has ended`)));
        browser.process.stdio[3].on("error", (error) => browser.#fail(error));
        browser.process.stdio[4].setEncoding("utf8").on("data", (text) => browser.#receive(text));
        try {
            await browser.#open();
        } catch (error) {
            await browser.stop();
            throw new Error(`${program} does not start: ${error.message}`);
        }
        return browser;
    }

    async #open() {
        const { targetId } = await this.#call("Target.createTarget", { url: "about:blank" });
        const attached = await this.#call("Target.attachToTarget", { targetId, flatten: true });
        this.session = attached.sessionId;
    }

    /** A page of this width as a PNG, as high as it is, at twice the resolution. */
    async picture(html, width) {
        await this.#call("Emulation.setDeviceMetricsOverride", {
            width, height: 100, deviceScaleFactor: 2, mobile: false,
        });
        const { frameTree } = await this.#call("Page.getFrameTree");
        await this.#call("Page.setDocumentContent", { frameId: frameTree.frame.id, html });
        const { result } = await this.#call("Runtime.evaluate", {
            expression: "document.fonts.ready.then(() => document.body.offsetHeight)", awaitPromise: true,
        });
        const { data } = await this.#call("Page.captureScreenshot", {
            captureBeyondViewport: true, clip: { x: 0, y: 0, width, height: result.value, scale: 1 },
        });
        return Buffer.from(data, "base64");
    }

    /** Ends it, and removes its profile. */
    async stop() {
        if (this.process.pid !== undefined && this.process.exitCode === null) {
            const ended = new Promise((resolve) => this.process.once("exit", resolve));
            this.process.kill();
            await ended;
        }
        rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }

    #call(method, params = {}) {
        const id = this.#next++;
        const call = JSON.stringify({ id, method, params, sessionId: this.session });
        return new Promise((resolve, reject) => {
            this.#calls.set(id, { resolve, reject });
            this.process.stdio[3].write(`${call}\0`);
        });
    }

    #receive(text) {
        const messages = (this.#rest + text).split("\0");
        this.#rest = messages.pop();
        for (const message of messages.map((message) => JSON.parse(message))) {
            const call = this.#calls.get(message.id);
            this.#calls.delete(message.id);
            if (message.error) call?.reject(new Error(message.error.message));
            else call?.resolve(message.result);
        }
    }

    #fail(error) {
        for (const call of this.#calls.values()) call.reject(error);
        this.#calls.clear();
    }
}

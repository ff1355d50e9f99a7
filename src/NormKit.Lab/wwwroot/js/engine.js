// Asks the workers. One answers the picture that is touched; a second one, started when it is first needed, does what takes longer.

class Engine {
  #worker = null;
  #waiting = new Map();
  #newest = new Map();
  #next = 1;
  files = null;    // the addresses that the worker loaded, once it is ready

  start() {
    if (this.#worker) return;
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = event => this.#fail(event.message ?? 'The worker ended.');
  }

  /** Runs calls one after the other and gives their results. */
  ask(calls, progress) {
    this.start();
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject, progress });
      this.#worker.postMessage({ id, calls });
    });
  }

  /** As ask, but while one request of this name runs only the newest of those that follow is kept; the others give null. */
  async latest(name, calls) {
    const mine = { calls };
    const queue = this.#newest.get(name);
    if (queue) {
      queue.next?.resolve(null);
      return new Promise((resolve, reject) => { queue.next = { ...mine, resolve, reject }; });
    }
    const running = {};
    this.#newest.set(name, running);
    try {
      return await this.ask(mine.calls);
    } finally {
      this.#newest.delete(name);
      if (running.next) {
        const { calls: following, resolve, reject } = running.next;
        this.latest(name, following).then(resolve, reject);
      }
    }
  }

  #receive(data) {
    if (data.ready) { this.files = data.files; return; }
    if (data.ready === false) return this.#fail(data.error);
    const waiting = this.#waiting.get(data.id);
    if (!waiting) return;
    if ('progress' in data) return waiting.progress?.(data.progress);
    this.#waiting.delete(data.id);
    if ('error' in data) waiting.reject(new Error(data.error));
    else waiting.resolve(data.results);
  }

  // A runtime that has run out of memory does not come back; the next question starts a new one.
  #fail(message) {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
    this.#waiting.clear();
  }

  restart(message) { this.#fail(message); }
}

export const live = new Engine();
export const heavy = new Engine();

/** The floats of an answer. */
export const floats = bytes => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

/** The bytes of floats, for a question. */
export const bytes = values => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

// NormKit in WebAssembly, off the page's thread. A message is {id, calls: [[method, ...arguments], ...]}; the answer holds one result for each call.
import { dotnet } from '../_framework/dotnet.js';

let current = 0, runtime = null, rest = null;

const ready = (async () => {
  runtime = await dotnet.create();
  runtime.setModuleImports('lab', { progress: share => self.postMessage({ id: current, progress: share }) });
  return (await runtime.getAssemblyExports(runtime.getConfig().mainAssemblyName)).NormKit.Lab;
})();

// Assemblies that only files and diagnoses need are loaded when they are first asked for.
const inRest = new Set(['Dropped', 'Notebook']), lazy = () => runtime.getConfig().resources.lazyAssembly ?? [];
const loadRest = () => rest ??= Promise.all(lazy().map(({ virtualPath }) => runtime.INTERNAL.loadLazyAssembly(virtualPath)));

/** What this worker has loaded, and what it may load later: the files that the page needs without a network. */
const files = () => [...performance.getEntriesByType('resource').map(entry => entry.name), ...lazy().map(({ name }) => new URL(`../_framework/${name}`, self.location.href).href)];

ready.then(() => self.postMessage({ ready: true, files: files() }), error => self.postMessage({ ready: false, error: String(error?.message ?? error) }));

self.onmessage = async ({ data: { id, calls } }) => {
  const lab = await ready;
  try {
    if (calls.some(([method]) => inRest.has(method.split('.')[0]))) await loadRest();
    current = id;
    const results = calls.map(([method, ...args]) => {
      const [type, name] = method.split('.');
      const result = lab[type][name](...args);
      return result instanceof Float64Array ? Array.from(result) : result;
    });
    self.postMessage({ id, results }, results.filter(result => result instanceof Uint8Array).map(result => result.buffer));
  } catch (error) {
    // The runtime appends its stack to the message; the first line is the sentence.
    self.postMessage({ id, error: String(error?.message ?? error).split('\n')[0] });
  }
};

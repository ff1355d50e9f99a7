// NormKit in WebAssembly, off the page's thread. A message is {id, calls: [[method, ...arguments], ...]}; the answer holds one result for each call.
import { dotnet } from '../_framework/dotnet.js';

const ready = (async () => {
  const { getAssemblyExports, getConfig, setModuleImports } = await dotnet.create();
  setModuleImports('lab', { progress: share => self.postMessage({ id: current, progress: share }) });
  return (await getAssemblyExports(getConfig().mainAssemblyName)).NormKit.Lab;
})();

let current = 0;

ready.then(() => self.postMessage({ ready: true, files: performance.getEntriesByType('resource').map(entry => entry.name) }), error => self.postMessage({ ready: false, error: String(error?.message ?? error) }));

self.onmessage = async ({ data: { id, calls } }) => {
  const lab = await ready;
  current = id;
  try {
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

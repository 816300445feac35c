// Loads a vendored classic script and its style sheet once, when something first needs it.

/** @type {Map<string, Promise<any>>} */
const loading = new Map();

/** @param {string} name @param {string} script @param {string} style @returns {Promise<any>} the global it defines */
function loaded(name, script, style) {
  if (!loading.has(name)) {
    loading.set(name, new Promise((resolve, reject) => {
      document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: style }));
      const element = Object.assign(document.createElement("script"), { src: script, async: true });
      element.onload = () => resolve(window[name]);
      element.onerror = () => {
        loading.delete(name);
        reject(new Error(script));
      };
      document.head.append(element);
    }));
  }
  return loading.get(name);
}

const vendored = (path) => new URL(`../vendor/${path}`, import.meta.url).href;

export const loadUPlot = () => loaded("uPlot", vendored("uplot/uPlot.iife.min.js"), vendored("uplot/uPlot.min.css"));
export const loadLeaflet = () => loaded("L", vendored("leaflet/leaflet.js"), vendored("leaflet/leaflet.css"));

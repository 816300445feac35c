// One small store: a state object, who listens, and a hook. Knows nothing of what it holds.

import { useEffect, useState } from "./html.js";

/**
 * @template {object} State
 * @param {State} initial
 */
export function createStore(initial) {
  let state = initial;
  const listeners = new Set();
  return {
    get: () => state,
    /** @param {Partial<State>} change */
    set(change) {
      if (Object.keys(change).every((key) => Object.is(state[key], change[key]))) return;
      state = { ...state, ...change };
      for (const listener of [...listeners]) listener(state);
    },
    /** @param {(state: State) => void} listener @returns {() => void} */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * A part of the store as a component sees it; it is drawn again when that part changes.
 * @template {object} State @template Part
 * @param {{get: () => State, subscribe: (listener: (state: State) => void) => () => void}} store
 * @param {(state: State) => Part} part
 * @returns {Part}
 */
export function useStore(store, part) {
  const [value, setValue] = useState(() => part(store.get()));
  useEffect(() => {
    const read = () => setValue(() => part(store.get()));
    read();
    return store.subscribe(read);
  }, [store]);
  return value;
}

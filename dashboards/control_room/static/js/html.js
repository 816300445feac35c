// Preact with tagged templates instead of JSX: no build step. Everything that draws imports from here.

import { h, Fragment, createContext, render } from "../vendor/preact/preact.js";
import { useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact/hooks.js";
import htm from "../vendor/htm/htm.js";

export const html = htm.bind(h);
export { h, Fragment, createContext, render, useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState };

import '../index';
import { lightTheme } from '@kinvolk/headlamp-plugin/lib/components/App/defaultAppThemes';
import { setStore } from '@kinvolk/headlamp-plugin/lib/lib/router/createRouteURL';
import { createMuiTheme } from '@kinvolk/headlamp-plugin/lib/lib/themes';
import store from '@kinvolk/headlamp-plugin/lib/redux/stores/store';
import { ThemeProvider } from '@mui/material/styles';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, configure, render } from '@testing-library/react';
import { SnackbarProvider } from 'notistack';
import { Provider } from 'react-redux';
import { BrowserRouter, Route } from 'react-router-dom';
import { afterEach, beforeEach, vi } from 'vitest';
import type { MesosObject } from '../state/conditions';

/** A request other than for reading, as the API server got it. */
export interface Write {
  method: string;
  path: string;
  contentType: string;
  body: any;
}

/** What the API server calls lists: Headlamp takes the kind of their items from it. */
const listKinds: Record<string, string> = {
  mesostasks: 'MesosTaskList',
  mesostasksets: 'MesosTaskSetList',
  mesoscrontasks: 'MesosCronTaskList',
  mesosframeworks: 'MesosFrameworkList',
  controllerrevisions: 'ControllerRevisionList',
  events: 'EventList',
};

/** What stands for the API server: it lists and gives objects, lets everything or nothing be changed, and keeps what it was sent. */
export class Server {
  writes: Write[] = [];
  /** The plurals of kinds that may not be read. */
  forbidden: string[] = [];
  /** How often it was asked what one may do. */
  reviews = 0;

  constructor(readonly objects: any[], readonly mayChange = true) {}

  answer = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input.toString());
    const path = url.pathname.replace(/^\/clusters\/[^/]+/, '');
    if (path.includes('/selfsubjectaccessreviews')) {
      this.reviews++;
      return json({ status: { allowed: this.mayChange } });
    }
    if (init.method && init.method !== 'GET') {
      const contentType = new Headers(init.headers).get('Content-Type') ?? '';
      this.writes.push({
        method: init.method,
        path,
        contentType,
        body: JSON.parse(String(init.body)),
      });
      return json({});
    }
    const [, group, namespace, plural, name] =
      /^\/apis?\/(.*?)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/.exec(path) ?? [];
    if (this.forbidden.includes(plural)) {
      return json({ message: `${plural} is forbidden` }, 403);
    }
    const selector = url.searchParams.get('labelSelector');
    const items = this.objects.filter(
      ({ apiVersion, kind, metadata }) =>
        apiVersion === group &&
        `${kind.toLowerCase()}s` === plural &&
        (!namespace || metadata.namespace === namespace) &&
        (!name || metadata.name === name) &&
        (!selector || selects(selector, metadata.labels))
    );
    return name
      ? json(items[0] ?? {}, items[0] ? 200 : 404)
      : json({ kind: listKinds[plural], items, metadata: { resourceVersion: '1' } });
  };
}

/** Whether labels have a key, or a key with a value. */
function selects(selector: string, labels: Record<string, string> = {}): boolean {
  const [key, value] = selector.split('=');
  return key in labels && (value === undefined || labels[key] === value);
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json' },
  });
}

/** A browser's database without kubeconfigs, which Headlamp looks into before each request. */
function noKubeconfigs() {
  const request: any = {};
  const cursor: any = {};
  const store = { openCursor: () => cursor };
  queueMicrotask(() => {
    request.onsuccess({
      target: { result: { transaction: () => ({ objectStore: () => store }) } },
    });
    cursor.onsuccess({ target: { result: null } });
  });
  return request;
}

/** Makes ready for rendering with Headlamp's own parts: call it once in a file. */
export function prepare() {
  // How long a busy machine may take to show what it will show.
  configure({ asyncUtilTimeout: 60_000 });
  beforeEach(() => {
    // The terminal that Headlamp brings along asks for a canvas, and its tables for what the window is like; jsdom has neither.
    HTMLCanvasElement.prototype.getContext = () => null;
    window.matchMedia = () => ({ matches: false, addListener() {}, removeListener() {} } as any);
    vi.stubGlobal('indexedDB', { open: noKubeconfigs });
    // Nothing changes while a page is looked at: watches stay silent.
    vi.stubGlobal(
      'WebSocket',
      class extends EventTarget {
        close() {}
        send() {}
      }
    );
  });
  afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
  });
}

/** Shows the page of a route that the plugin registered, at a path such as /mesos/tasks/shop/web. */
export function show(path: string, server: Server) {
  vi.stubGlobal('fetch', server.answer);
  setStore(store);
  window.history.pushState({}, '', `/c/test${path}`);
  const routes = Object.values(store.getState().routes.routes);
  return render(
    <Provider store={store}>
      <QueryClientProvider
        client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}
      >
        <ThemeProvider theme={createMuiTheme(lightTheme)}>
          <SnackbarProvider>
            <BrowserRouter>
              {routes.map(({ path: pattern, component: Component }) => (
                <Route key={pattern} exact path={`/c/:cluster${pattern}`}>
                  <Component />
                </Route>
              ))}
            </BrowserRouter>
          </SnackbarProvider>
        </ThemeProvider>
      </QueryClientProvider>
    </Provider>
  );
}

/** An object as the API server has it: with a UID, a version and the time of its creation. */
export function stored<T extends MesosObject>(object: T, metadata: Partial<T['metadata']> = {}): T {
  return {
    ...object,
    metadata: {
      ...object.metadata,
      uid: `uid-${object.metadata.name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-02T03:04:05Z',
      ...metadata,
    },
  };
}

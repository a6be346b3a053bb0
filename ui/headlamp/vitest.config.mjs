import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// Headlamp's own components are rendered, not stand-ins for them: they are modules that Node alone cannot load, and that lie elsewhere in
// the package than where Headlamp itself, once it runs, offers them to plugins.
export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: [
      {
        find: /^@kinvolk\/headlamp-plugin\/lib\/[kK]8s\/(.*)$/,
        replacement: '@kinvolk/headlamp-plugin/lib/lib/k8s/$1',
      },
    ],
  },
  test: {
    include: ['src/**/*.test.{ts,tsx}'],
    server: { deps: { inline: [/@kinvolk\/headlamp-plugin/] } },
    // A busy machine renders slowly, and what Headlamp's parts say as they load is of use where a test fails.
    testTimeout: 180_000,
    silent: 'passed-only',
  },
});

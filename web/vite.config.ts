import { fileURLToPath, URL } from 'node:url'
import i18n from '@intlify/unplugin-vue-i18n/vite'
import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// `vite` alone serves the screens with reload; the API is then that of a running `cityloop serve`.
const server = process.env['CITYLOOP_SERVER'] ?? 'http://127.0.0.1:8000'

export default defineConfig({
  base: '/static/web/',
  plugins: [
    vue(),
    i18n({ include: [here('./src/**/zh.json'), here('./src/**/en.json')], runtimeOnly: true, strictMessage: true }),
    // Element Plus whole would be larger than all of ours: each component comes with its own style.
    components({ dirs: [], dts: 'src/generated/components.d.ts', resolvers: [ElementPlusResolver()] }),
  ],
  resolve: { alias: { '@': here('./src') } },
  build: {
    outDir: here('../cityloop/web'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
    chunkSizeWarningLimit: 1200,
  },
  // The server must see the page's own host, else it takes what the page sends for somebody else's (CSRF).
  server: {
    proxy: Object.fromEntries(
      ['/api', '/_allauth', '/admin', '/static/admin'].map((path) => [path, { target: server, changeOrigin: false }]),
    ),
  },
})

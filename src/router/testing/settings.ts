import { defaultTimeouts, type ProxySettings } from '../haproxy/configuration.ts'

/** Settings of a proxy that listens at `addresses`, its files in places that are never looked at. */
export const settingsAt = (...addresses: readonly string[]): ProxySettings => ({
  addresses,
  directory: '/d',
  adminSocket: '/s/admin',
  metricsSocket: '/s/metrics',
  logSocket: '/s/log',
  inner: { bound: '/s', reached: '/s' },
  maxConnections: 100,
  timeouts: defaultTimeouts,
})

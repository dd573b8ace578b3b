import type { RequestInfo } from './request-info.ts'

/** Watches and connections last as long as their clients want: no deadline holds for them, and no seat is kept. The reference's list. */
export const longRunning = (info: RequestInfo): boolean =>
  info.isResource
    ? info.verb === 'watch' || info.verb === 'proxy' || connections.has(info.subresource)
    : info.path.startsWith('/debug/pprof/')

const connections = new Set(['attach', 'exec', 'proxy', 'log', 'portforward'])

import { createServer } from 'node:http'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { KubeletConfiguration } from '../configuration/kubelet-configuration.ts'
import { serveHealth } from './health.ts'
import { healthChecks } from './routes.ts'

/**
 * Health alone, without TLS and for whoever reaches the address: `healthzBindAddress` and `healthzPort` of the configuration, where watchdogs ask.
 * Undefined where the port is 0. A port that is taken is told of in the log, and the node works on without, as the original's does.
 */
export async function startHealthServer(
  { healthzBindAddress, healthzPort }: Pick<KubeletConfiguration, 'healthzBindAddress' | 'healthzPort'>,
  log: Log,
): Promise<{ readonly port: number; close(): Promise<void> } | undefined> {
  if (healthzPort === 0) return undefined
  const server = createServer({ requestTimeout: 10_000, maxHeaderSize: 8 * 1024 }, (request, response) => {
    const url = new URL(request.url ?? '/', 'http://node')
    try {
      if (!/^\/healthz(\/|$)/.test(url.pathname)) response.writeHead(404).end('404 page not found\n')
      else serveHealth(healthChecks, { response, url })
    } catch (error) {
      response.writeHead(isError(error, 'NotFound') ? 404 : 500).end(`${error instanceof Error ? error.message : String(error)}\n`)
    }
  })
  server.maxConnections = 100
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(healthzPort, healthzBindAddress, resolve))
  } catch (error) {
    log.error('health is not served at the port of its own', { address: healthzBindAddress, port: healthzPort, error })
    return undefined
  }
  server.on('error', (error) => log.error('the health server failed', { error: error.message }))
  return {
    port: healthzPort,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

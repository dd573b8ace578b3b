import type { ApiHandler } from '#apiserver/contract.ts'
import { listen } from '#apiserver/listen.ts'
import { systemClock } from '#host/clock.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import type { Log } from '#lib/log.ts'

/** What is served, and at which port. */
export interface LoopbackOptions {
  readonly handler: ApiHandler
  readonly log: Log
  /** 0: any free one. */
  readonly port: number
}

/** A server on this machine's loopback address. */
export interface Loopback {
  readonly port: number
  /** PEM of the authority by which clients know the server. */
  readonly authority: string
  close(): Promise<void>
}

/** Serves a handler on this machine's loopback address, over TLS with an authority that lives as long as it does and is kept nowhere. */
export async function listenOnLoopback({ handler, log, port }: LoopbackOptions): Promise<Loopback> {
  const now = systemClock.now()
  const life = { notBefore: now - hourMs, notAfter: now + 365 * 24 * hourMs }
  const authority = makeCertificate({ commonName: 'wherry-testing', usage: 'ca', ...life })
  const addresses = ['127.0.0.1', '::1']
  const pair = makeCertificate(
    { commonName: 'kube-apiserver', usage: 'server', dnsNames: ['localhost', 'kubernetes'], addresses, ...life },
    authority,
  )
  const listening = await listen({
    handler,
    host: '127.0.0.1',
    port,
    certificate: pair.certificate,
    key: pair.key,
    clock: systemClock,
    log,
  })
  return { port: listening.port, authority: authority.certificate, close: () => listening.close(0) }
}

const hourMs = 3_600_000

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { systemClock } from '#host/clock.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { silentLog } from '#lib/log.ts'
import { createKubeletServer, type KubeletServer, type KubeletServerOptions } from './kubelet-server.ts'

const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3600_000 }
const ca = makeCertificate({ commonName: 'test-ca', usage: 'ca', ...validity })
const serving = makeCertificate({ commonName: 'node', usage: 'server', addresses: ['127.0.0.1'], ...validity }, ca)

let server: KubeletServer
let port = 0
before(async () => {
  server = createKubeletServer({
    nodeName: 'node',
    pods: { list: () => [], get: () => undefined } as unknown as KubeletServerOptions['pods'],
    runtime: {} as KubeletServerOptions['runtime'],
    logFiles: {} as KubeletServerOptions['logFiles'],
    authenticate: async ({ bearerToken }) => (bearerToken === 'good' ? { name: 'someone', groups: [], by: 'token' } : undefined),
    authorize: async () => true,
    certificate: { current: () => ({ ...serving, clientCa: ca.certificate }) },
    clock: systemClock,
    log: silentLog,
  })
  port = await server.listen(0, '127.0.0.1')
})
after(() => server.close())

const token = 'Authorization: Bearer good'
const upgrade = 'Connection: Upgrade\r\nUpgrade: SPDY/3.1'
check('a stranger is not let in', 'GET /pods', [], 401)
check('who is known gets what there is', 'GET /pods', [token], 200)
// An error here would end the agent, and with it the node: anybody could ask for it.
check('a path that is no address', 'GET //', [], 401)
check('a path that is no address, from somebody known', 'GET //', [token], 404)
check('a broken host in the path', 'GET //[', [token], 404)
check('a whole address', 'GET http://[::/pods', [token], 404)
check('no path at all', 'OPTIONS *', [token], 404)
check('a broken escape', 'GET /containerLogs/%zz/a/b', [token], 400)
check('an upgrade of a path that is no address', 'GET //[', [token, upgrade], 404)
check('an upgrade with a broken escape', 'GET /exec/%zz/a/b', [token, upgrade], 400)
check('and it still serves', 'GET /pods', [token], 200)

/** Sends this request line as it stands: a client library would put it right first. */
function check(name: string, line: string, headers: readonly string[], status: number): void {
  test(name, async () => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const close = headers.includes(upgrade) ? [] : ['Connection: close']
    socket.write(`${[`${line} HTTP/1.1`, 'Host: node', ...close, ...headers].join('\r\n')}\r\n\r\n`)
    assert.match(await text(socket), new RegExp(`^HTTP/1.1 ${status} `))
  })
}

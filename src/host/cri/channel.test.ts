import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import { type ErrorCode, isError } from '#lib/errors.ts'
import { systemClock } from '../clock.ts'
import { createCriRuntime } from './runtime.ts'

check('what is not there', status.NOT_FOUND, 'NotFound')
check('a runtime that took too long', status.DEADLINE_EXCEEDED, 'Timeout')
check('a runtime that gave the call up, and may have done it', status.CANCELLED, 'Timeout')
check('a runtime that is not ready', status.UNAVAILABLE, 'ServiceUnavailable')
check('a fault of the runtime', status.UNKNOWN, 'InternalError')

function check(name: string, answered: status, code: ErrorCode): void {
  test(name, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wherry-channel-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const server = new Server()
    const asIs = (bytes: Buffer): Buffer => bytes
    const path = '/runtime.v1.RuntimeService/Version'
    const kind = { path, requestStream: false, responseStream: false, requestSerialize: asIs, requestDeserialize: asIs }
    server.addService(
      { version: { ...kind, responseSerialize: asIs, responseDeserialize: asIs } },
      { version: (_call: unknown, answer: (error: object) => void) => answer({ code: answered, details: 'no' }) },
    )
    const socket = join(folder, 'cri.sock')
    await new Promise((resolve) => server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), resolve))
    t.after(() => server.forceShutdown())
    const runtime = createCriRuntime({ endpoint: socket, clock: systemClock })
    t.after(() => runtime.close())
    await assert.rejects(runtime.version(), (error) => isError(error, code))
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import type { run } from './run.ts'
import { subordinateIds } from './subordinate-ids.ts'

const line = '0: kubelet 65536 7208960\n'
check('a user with ids', { getent: 0, getsubids: line }, { uids: line, gids: `-g ${line}` })
check('no such user', { getent: 2, getsubids: line }, undefined)
check('no program that could tell', { getent: 0, getsubids: new WherryError('NotFound', 'there is no getsubids') }, undefined)
check('a user without ids', { getent: 0, getsubids: new WherryError('InternalError', 'Error fetching ranges') }, /Error fetching ranges/)

interface Machine {
  readonly getent: number
  readonly getsubids: string | WherryError
}

function check(name: string, machine: Machine, expected: object | RegExp | undefined): void {
  const call = (async (program, args) => {
    if (program === 'getent') return { code: machine.getent, stdout: '', stderr: '' }
    if (typeof machine.getsubids !== 'string') throw machine.getsubids
    return { code: 0, stdout: [...args.slice(0, -1), machine.getsubids].join(' '), stderr: '' }
  }) as typeof run
  test(`ids that the administrator gave to pods: ${name}`, async () => {
    if (expected instanceof RegExp) await assert.rejects(subordinateIds(call), expected)
    else assert.deepEqual(await subordinateIds(call), expected)
  })
}

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isError } from '#lib/errors.ts'
import { readInside } from './read-inside.ts'

const top = mkdtempSync(join(tmpdir(), 'read-inside-'))
const volume = join(top, 'volume')
mkdirSync(join(volume, 'folder'), { recursive: true })
writeFileSync(join(volume, 'folder', 'file'), 'inside')
writeFileSync(join(top, 'secret'), 'outside')
symlinkSync('../secret', join(volume, 'link'))
symlinkSync('..', join(volume, 'up'))
execFileSync('mkfifo', [join(volume, 'pipe')])
after(() => rmSync(top, { recursive: true }))

function check(path: string, expected: string, isRefused = false): void {
  test(`reads inside of a volume: ${path}`, async () => {
    const read = readInside(volume, path, 4)
    if (isRefused) await assert.rejects(read, (error) => isError(error, expected as 'Forbidden'))
    else assert.equal(Buffer.from(await read).toString(), expected)
  })
}
check('folder/file', 'insi')
check('./folder//file', 'insi')
check('absent', 'NotFound', true)
check('folder', 'Forbidden', true)
check('link', 'Forbidden', true)
check('up/secret', 'Forbidden', true)
check('../secret', 'Forbidden', true)
check('folder/../../secret', 'Forbidden', true)
check('pipe', 'Forbidden', true)
check('', 'Forbidden', true)

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { envFileValue } from './env-file.ts'

function check(name: string, text: string, expected: string | RegExp, key = 'KEY'): void {
  test(`env file: ${name}`, () => {
    if (typeof expected === 'string') assert.equal(envFileValue(text, key), expected)
    else assert.throws(() => envFileValue(text, key), expected)
  })
}
check('a value', "KEY='a b'", 'a b')
check('nothing is expanded', 'KEY=\'$A \\n "x"\'', '$A \\n "x"')
check('the first of two', "KEY='a'\nKEY='b'", 'a')
check('several lines', "KEY='a\n b\n'", 'a\n b\n')
check('comments, blanks and line ends of Windows', "# KEY='no'\r\n\r\n  KEY='a' # yes\r\n", 'a')
check('a key that is not there', "OTHER='a'", '')
check('an empty value', "KEY=''", '')
check('a blank after the sign', "KEY= 'a'\nOTHER='b'", '')
check('no sign', 'KEY', /at line 1: missing '='/)
check('no name', "='a'", /at line 1: empty variable name/)
check('a blank before the sign', "\nKEY ='a'", /at line 2: whitespace before '=' is not allowed/)
check('no quotes', 'KEY=a', /at line 1: value must be enclosed in single quotes/)
check('an open quote', "KEY='a\nb", /format starting at line 1: unclosed single quote/)
check('more after the quote', "KEY='a'b", /at line 1: unexpected content after closing quote/)
check('what follows the key is not read', "KEY='a'\nbroken", 'a')

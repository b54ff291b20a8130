// Adds up the summaries of test files, for runners that start each file separately.

/** `{ pass, fail, skipped }` of all files so far. */
export class Summary {
  pass = 0
  fail = 0
  skipped = 0

  /** Adds a file's results. One that ends without a summary has failed, whatever it printed. */
  add(name, { code, signal, stdout }) {
    const number = (key) => stdout.match(new RegExp(`^(?:#|\u2139) ${key} (\\d+)\\r?$`, 'm'))?.[1]
    if (number('pass') === undefined || (code !== 0 && number('fail') === '0')) {
      console.error(`${name} ended with ${signal ?? code}`)
      this.fail++
    }
    for (const key of ['pass', 'fail', 'skipped']) this[key] += Number(number(key) ?? 0)
  }

  /**
   * Prints the totals, and makes the program fail if anything failed, was skipped, or nothing ran.
   */
  end() {
    console.log(`${this.pass} passed, ${this.fail} failed, ${this.skipped} skipped`)
    if (this.fail > 0 || this.skipped > 0 || this.pass === 0) process.exitCode = 1
  }
}

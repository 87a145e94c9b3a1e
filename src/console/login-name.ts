/** The first that fits: many say that they are another one, too. */
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOPT\//, 'Opera'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChromium\//, 'Chromium'],
  [/\b(?:Headless)?Chrome\/|\bCriOS\//, 'Chrome'],
  [/\bVersion\/\S+ (?:Mobile\/\S+ )?Safari\//, 'Safari'],
];
const systems: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];
/** More than any browser says of itself. */
const mostLooked = 1000;

/**
 * What a login is called, by the `User-Agent` of its browser: "Firefox on Linux". Only words from here, so
 * that whatever a program says of itself becomes nothing else than one of these names.
 */
export function loginName(userAgent: string | undefined): string {
  const said = (userAgent ?? '').slice(0, mostLooked);
  const find = (known: typeof browsers) => known.find(([sign]) => sign.test(said))?.[1];
  const system = find(systems);
  const browser = find(browsers) ?? 'A browser';
  return system === undefined ? browser : `${browser} on ${system}`;
}

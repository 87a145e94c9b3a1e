/** Controls, formats (zero width, direction), odd spaces, private, unassigned and half characters. */
const hidden = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;
/** Blanks that Unicode counts as letters, and marks that only choose how another one looks. */
const blank = /[\u115f\u1160\u2800\u3164\uffa0]|\u17b4|\u17b5|\p{Variation_Selector}/u;
/** Signs that look like those of the shell or of a path without being compatible to them. */
const sign = /[\u01c0\u01c3\u02d0\u0589\u2044\u2215\u2216\u2223\u2236\u29f5\u29f8\u29f9\ua789]/u;
/** Dashes that look like the start of an option. */
const option = /(^|[\s"'])[\u2010-\u2015\u2212\ufe58]+[\w]/u;
const latin = /\p{Script=Latin}/u;
const alike = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;

/** Says why a text may not be what it looks like, or null. Lines and tabs are what they look like. */
export function disguiseOf(text: string): string | null {
  const seen = text.replace(/[\n\t]/g, ' ');
  if (/^[ -~]*$/.test(seen)) return null;
  if (hidden.test(seen) || blank.test(seen)) return 'has characters that nobody sees';
  if (sign.test(seen) || option.test(seen)) return 'has signs that look like others';
  for (const char of seen) {
    if (char > '~' && /[!-~]/.test(char.normalize('NFKC'))) {
      return 'has signs that look like others';
    }
  }
  for (const [word] of seen.matchAll(/\p{L}+/gu)) {
    if (latin.test(word) && alike.test(word)) return 'mixes letters that look alike';
  }
  return null;
}

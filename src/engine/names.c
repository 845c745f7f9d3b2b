#include "engine/names-internal.h"

#include "base/strings.h"
#include <sys/random.h>

/* Far above what a user types, below what a file name or a host name holds. */
#define MAX_NAME 255

static const char *const adjectives[] = {
        "able", "agile", "alert", "amber", "ample", "apt", "azure", "basic", "beaming", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid",
        "careful", "cheerful", "civil", "clear", "clever", "coastal", "cosy", "crisp", "curious", "daring", "deft", "diligent", "dry", "eager", "early", "earnest",
        "easy", "elated", "exact", "fair", "faithful", "fearless", "fine", "firm", "fleet", "fluent", "fond", "frank", "fresh", "gallant", "gentle", "gifted",
        "glad", "golden", "graceful", "grand", "handy", "hardy", "hearty", "helpful", "honest", "humble", "jolly", "keen", "kind", "lasting", "level", "light",
        "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild", "modest", "neat", "nimble", "noble", "orderly", "patient", "placid", "plain", "polite",
        "prompt", "proud", "quick", "quiet", "ready", "robust", "salty", "serene", "sharp", "silver", "simple", "sincere", "smooth", "sober", "solid", "spry",
        "stable", "steady", "sturdy", "subtle", "sunny", "swift", "tender", "thrifty", "tidal", "tidy", "tranquil", "trusty", "upright", "valiant", "vivid", "warm",
        "watchful", "windward", "wise", "witty", "worthy", "zealous",
};

/* People of computing, mathematics, science and seafaring. */
static const char *const surnames[] = {
        "abel", "agnesi", "aiken", "allen", "amundsen", "anning", "artin", "backus", "banach", "bartik", "bayes", "bell", "bernoulli", "bhabha", "blum", "bohr",
        "boole", "bose", "brahe", "brouwer", "cantor", "carson", "cauchy", "cayley", "chandra", "church", "codd", "cook", "cori", "crick", "curie", "dahl",
        "dalton", "darwin", "dirac", "dijkstra", "drake", "earhart", "eckert", "einstein", "engelbart", "erdos", "euclid", "euler", "faraday", "fermat", "fermi",
        "feynman", "floyd", "fourier", "franklin", "frege", "gauss", "germain", "goedel", "goldberg", "haber", "hadamard", "hahn", "halley", "hamilton", "hamming",
        "hardy", "herschel", "hertz", "hilbert", "hoare", "hodgkin", "holberton", "hopper", "hubble", "humboldt", "hypatia", "jacobi", "jemison", "joule", "kapitsa",
        "kepler", "kernighan", "khorana", "kilby", "knuth", "kolmogorov", "kowalevski", "lagrange", "lamarr", "lamport", "landau", "laplace", "leavitt", "leibniz",
        "linnaeus", "liskov", "lovelace", "lyell", "magellan", "markov", "maxwell", "mcclintock", "meitner", "mendel", "milner", "minsky", "moore", "nansen", "naur",
        "neumann", "newton", "nobel", "noether", "noyce", "ohm", "pascal", "pasteur", "pauli", "perlman", "planck", "poincare", "polya", "raman", "ramanujan",
        "riemann", "ritchie", "rivest", "rubin", "russell", "rutherford", "sammet", "schroedinger", "shannon", "shirley", "sinoussi", "stallman", "stokes", "swirles",
        "tarjan", "tesla", "thompson", "torvalds", "turing", "vaughan", "volta", "wallis", "watt", "weyl", "wiener", "wiles", "wilkes", "wing", "wirth", "yalow", "zuse",
};

char *brig_name_generate(unsigned attempt)
{
        uint32_t dice[3];

        brig_assert(getrandom(dice, sizeof dice, 0) == sizeof dice);
        if (attempt == 0)
                return brig_str_printf("%s_%s", adjectives[dice[0] % ARRAY_SIZE(adjectives)], surnames[dice[1] % ARRAY_SIZE(surnames)]);
        return brig_str_printf("%s_%s%u", adjectives[dice[0] % ARRAY_SIZE(adjectives)], surnames[dice[1] % ARRAY_SIZE(surnames)],
                               dice[2] % (attempt < 4 ? 10 : 1000000));
}

static bool is_alphanumeric(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int brig_name_check(const char *name, const char **ret, BrigError *err)
{
        const char *bare = *name == '/' ? name + 1 : name;
        size_t len = strlen(bare);
        bool good = len >= 2 && len <= MAX_NAME && is_alphanumeric(*bare);

        for (size_t i = 1; good && i < len; i++)
                good = is_alphanumeric(bare[i]) || strchr("_.-", bare[i]);
        if (!good)
                return brig_error_set(err, BRIG_ERR_INVALID, EINVAL, "Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name);
        *ret = bare;
        return 0;
}

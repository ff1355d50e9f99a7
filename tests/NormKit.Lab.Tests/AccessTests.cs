using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace NormKit.Lab.Tests;

/// <summary>Check 10: everybody can use it, anywhere, and it stays fluent.</summary>
public sealed class AccessTests(Browser browser)
{
    private static readonly string[] Chapters = ["touch", "paint", "batch", "train", "eps", "offset", "affine", "photo", "gradient", "files", "notebook", "code"];

    [Theory]
    [InlineData(ColorScheme.Light, "en"), InlineData(ColorScheme.Dark, "en"), InlineData(ColorScheme.Light, "zh"), InlineData(ColorScheme.Dark, "zh")]
    public async Task Axe_FindsNothing(ColorScheme scheme, string lang)
    {
        await using LabPage lab = await browser.Open($"lang={lang}&layer=group", options =>
        {
            options.ColorScheme = scheme;
            options.ReducedMotion = ReducedMotion.Reduce;
            options.BypassCSP = true;    // axe runs as a script in the page
        });
        foreach (string chapter in Chapters)
            await lab.ScrollTo(chapter);
        await lab.Part("files", "example").ClickAsync();
        await lab.Page.Locator("#files .verdict").WaitForAsync(new() { Timeout = 60_000 });
        AxeResult result = await lab.Page.RunAxe();
        Assert.Empty(result.Violations.Select(found => $"{found.Impact} {found.Id}: {string.Join(" ", found.Nodes.Select(node => node.Html))}"));
    }

    [Theory]
    [InlineData("en"), InlineData("zh")]
    public async Task Page_360PixelsWide_DoesNotScrollSideways(string lang)
    {
        await using LabPage lab = await browser.Open($"lang={lang}&layer=group", options => options.ViewportSize = new() { Width = 360, Height = 740 });
        foreach (string chapter in Chapters)
        {
            await lab.ScrollTo(chapter);
            await lab.Page.WaitForTimeoutAsync(150);
        }
        await lab.Part("files", "example").ClickAsync();
        await lab.Page.Locator("#files .verdict").WaitForAsync(new() { Timeout = 60_000 });
        Assert.Equal(360, await lab.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    [Fact]
    public async Task Keyboard_AloneMovesTheTouchChoosesTheLayerAndOpensTheTable()
    {
        await using LabPage lab = await browser.Open("at=1.2.1.2");
        await TabUntil(lab, "document.activeElement?.type === 'radio' && document.activeElement.closest('#touch')");
        await lab.Page.Keyboard.PressAsync("ArrowRight");
        await lab.Until("() => document.querySelector('#touch').dataset.shown.startsWith('layer')");
        await TabUntil(lab, "document.activeElement?.dataset.part === 'tensor'");
        await lab.Page.Keyboard.PressAsync("ArrowRight");
        await lab.Until("() => document.querySelector('#touch').dataset.shown.endsWith(' 1,2,1,3')");
        await lab.Page.Keyboard.PressAsync("Shift+ArrowDown");
        await lab.Until("() => document.querySelector('#touch').dataset.shown.endsWith(' 2,2,1,3')");
        await lab.Until("() => document.querySelector('#touch [data-part=spoken]').textContent.includes('image 2')");
        await TabUntil(lab, "document.activeElement?.tagName === 'SUMMARY'");
        await lab.Page.Keyboard.PressAsync("Enter");
        await lab.Until("() => document.querySelectorAll('#touch details .table td').length > 100");
        await TabUntil(lab, "document.activeElement?.dataset.term === 'x'");
        await lab.Until("() => document.querySelector('#touch').dataset.spot === 'x'");
        // Every chapter can be reached.
        HashSet<string> reached = [];
        for (int press = 0; press < 140 && reached.Count < Chapters.Length - 1; press++)
        {
            await lab.Page.Keyboard.PressAsync("Tab");
            if (await lab.Page.EvaluateAsync<string>("document.activeElement?.closest('section')?.id ?? ''") is { Length: > 0 } chapter && chapter != "touch")
                reached.Add(chapter);
        }
        Assert.Equal(Chapters.Skip(1).Order(), reached.Order());
    }

    [Fact]
    public async Task ReducedMotion_TheFrameStandsAtOnceInItsNewPlace()
    {
        await using LabPage still = await browser.Open("", options => options.ReducedMotion = ReducedMotion.Reduce);
        Assert.Equal(1, await FramesThatDiffer(still));
        await using LabPage moving = await browser.Open("", options => options.ReducedMotion = ReducedMotion.NoPreference);
        Assert.True(await FramesThatDiffer(moving) > 1);
    }

    [Fact]
    public async Task Link_OpenedElsewhere_ShowsTheSame()
    {
        await using LabPage lab = await browser.Open();
        await lab.Change(new { layer = "group", groups = 4, shape = new[] { 4, 8, 8, 8 }, at = new[] { 3, 6, 5, 4 }, seed = 5, weight = 1.5, view = "y", momentum = 0.3, offset = 3 });
        await lab.Until("() => document.querySelector('#touch').dataset.shown === 'group 4 4,8,8,8 3,6,5,4' && document.querySelector('#touch [data-part=exact]').textContent.includes('1.5')");
        string link = await lab.Part("code", "link").InputValueAsync(), exact = (await lab.Part("touch", "exact").TextContentAsync())!;
        await using LabPage other = await browser.Open(link.Split('#')[1]);
        Assert.Equal(exact, await other.Part("touch", "exact").TextContentAsync());
        Assert.Equal(link.Split('#')[1], (await other.Part("code", "link").InputValueAsync()).Split('#')[1]);
    }

    [Theory]
    [InlineData("layer=nonsense&groups=3&shape=9.9&at=99.99.99.99&eps=-1"), InlineData("shape=64.64.128.128"), InlineData("groups=&seed=x&edits=1:2_bad"), InlineData("at=1.2.3&view=z&batch=1e9")]
    public async Task AnAddressThatMakesNoSense_ShowsThePageAllTheSame(string state)
    {
        await using LabPage lab = await browser.Open(state);
        Assert.True(await lab.Page.Locator("#trouble").IsHiddenAsync());
    }

    [Fact]
    public async Task EveryChapter_HasItsPicture()
    {
        await using LabPage lab = await browser.Open();
        foreach ((string chapter, int charts) in ((string, int)[])[("batch", 1), ("train", 2), ("eps", 1), ("offset", 1), ("affine", 2)])
        {
            await lab.ScrollTo(chapter);
            await lab.Until($"() => document.querySelectorAll('#{chapter} svg.chart :is(path, rect, circle)').length >= {charts} && document.querySelectorAll('#{chapter} svg.chart').length === {charts}");
            await lab.Until($"() => document.querySelector('#{chapter} [data-part=answer]').textContent.length > 20");
        }
        foreach (string canvas in (string[])["#touch [data-part=tensor]", "#touch [data-part=strip]", "#touch [data-part=lines]", "#paint [data-part=change]", "#batch [data-part=output]", "#photo [data-part=adapted]", "#gradient [data-part=gradient]"])
        {
            await lab.Page.Locator(canvas).ScrollIntoViewIfNeededAsync();
            await lab.Until($$"""() => { const canvas = document.querySelector('{{canvas}}'), { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height); return new Set(new Uint32Array(data.buffer)).size > 8; }""");
        }
    }

    [Theory]
    [InlineData("zh-CN", "这个数和谁共用一个均值？"), InlineData("fr-FR", "With whom does this number share its mean?")]
    public async Task Language_FollowsTheBrowser(string locale, string title)
    {
        await using LabPage lab = await browser.Open("", options => options.Locale = locale);
        Assert.Equal(title, await lab.Page.Locator("h1").TextContentAsync());
    }

    [Fact]
    public async Task Texts_OfBothLanguages_HaveTheSameKeysAndPlaces()
    {
        await using LabPage lab = await browser.Open();
        string[] faults = await lab.Page.EvaluateAsync<string[]>(
            """
            async () => {
              const [{ default: en }, { default: zh }] = [await import('/js/text-en.js'), await import('/js/text-zh.js')], places = text => (text.match(/\{\w+\}/g) ?? []).sort().join();
              const used = [...document.querySelectorAll('[data-t], [data-t-label]')].flatMap(element => [element.dataset.t, element.dataset.tLabel]).filter(Boolean);
              return [...new Set([...Object.keys(en), ...Object.keys(zh), ...used])].filter(key => en[key] === undefined || zh[key] === undefined || [...new Set(places(en[key]).split(','))].join() !== [...new Set(places(zh[key]).split(','))].join());
            }
            """);
        Assert.Empty(faults);
    }

    /// <summary>Of three rounds the best, for the machine may have other work.</summary>
    [Fact]
    public async Task Dragging_AtTwoMillionNumbers_Keeps95PercentOfFramesWithin33Milliseconds()
    {
        await using LabPage lab = await browser.Open("shape=16.32.64.64&layer=batch");
        double best = 0;
        for (int round = 0; round < 3 && best < 0.95; round++)
        {
            double share = await lab.Page.EvaluateAsync<double>(
                """
                async () => {
                  const canvas = document.querySelector('#touch [data-part=tensor]'), box = canvas.getBoundingClientRect(), times = [];
                  const send = (type, share) => canvas.dispatchEvent(new PointerEvent(type, { clientX: box.left + 60 + share * (box.width - 80), clientY: box.top + 30 + share * (box.height - 60), pointerType: 'mouse', buttons: 1, bubbles: true, pointerId: 1 }));
                  canvas.setPointerCapture = () => {};
                  send('pointerdown', 0);
                  let last = performance.now();
                  for (let i = 0; i < 90; i++) {
                    send('pointermove', i / 90);
                    const now = await new Promise(requestAnimationFrame);
                    times.push(performance.now() - last);
                    last = performance.now();
                  }
                  send('pointerup', 1);
                  return times.filter(time => time <= 33.4).length / times.length;
                }
                """);
            best = Math.Max(best, share);
        }
        double load = Machine.Load();
        Assert.SkipWhen(best < 0.95 && load > Environment.ProcessorCount, $"The machine is busy (load {load}): {best:P0} say nothing.");
        Assert.True(best >= 0.95, $"{best:P0}");
    }

    private static async Task TabUntil(LabPage lab, string condition)
    {
        for (int press = 0; press < 60; press++)
        {
            await lab.Page.Keyboard.PressAsync("Tab");
            if (await lab.Page.EvaluateAsync<bool>($"Boolean({condition})"))
                return;
        }
        Assert.Fail($"Tab does not reach: {condition}");
    }

    /// <summary>After the layer has changed: how many different pictures of the canvas follow.</summary>
    private static Task<int> FramesThatDiffer(LabPage lab) => lab.Page.EvaluateAsync<int>(
        """
        async () => {
          const canvas = document.querySelector('#touch [data-part=tensor]'), seen = [];
          const before = canvas.toDataURL();
          (await import('/js/state.js')).change({ layer: 'layer' });
          const until = performance.now() + 900;
          while (performance.now() < until) {
            await new Promise(requestAnimationFrame);
            const now = canvas.toDataURL();
            if (now !== before && now !== seen.at(-1)) seen.push(now);
          }
          return seen.length;
        }
        """);
}
